import type { Texts } from "../texts";
import type { welcome as english } from "../en/welcome";

export const welcome: Texts<typeof english> = {
  steps: { account: "Votre compte", documents: "Documents", question: "Première question" },
  done: "terminé",
  documentsTitle: "Donnez à Cloister de quoi lire",
  documentsIntro:
    "Commencez par des documents d’exemple pour voir comment cela marche, ou ajoutez les vôtres. Ils restent sur cette machine.",
  samples: "Charger les exemples",
  samplesTitle: "Documents d’exemple",
  samplesBody:
    "Quelques documents réalistes dans votre langue, dans une collection à part. Vous pourrez la supprimer à tout moment.",
  loading: "Lecture des documents…",
  loaded: (ready, total) => `${ready} sur ${total} ${ready > 1 ? "prêts" : "prêt"}`,
  own: "Vos propres documents",
  ownBody:
    "PDF, Word, PowerPoint, Excel, texte, courriels, numérisations et plus encore : des fichiers ou des dossiers entiers.",
  questionTitle: "Posez votre première question",
  questionIntro:
    "Choisissez-en une ou écrivez la vôtre. La réponse cite les documents mot pour mot.",
  asking: "Recherche de questions auxquelles vos documents répondent…",
  noSuggestions: "Pas encore de suggestion. Écrivez votre propre question.",
  question: "Votre question",
  ask: "Envoyer",
  next: "Continuer",
  skip: "Passer pour l’instant",
};
