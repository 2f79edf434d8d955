import type { Texts } from "../texts";
import type { chat as english } from "../en/chat";

export const chat: Texts<typeof english> = {
  title: "Interrogez vos documents",
  placeholder: "Posez une question sur vos documents",
  question: "Question",
  send: "Envoyer",
  stop: "Arrêter",
  searching: "Recherche…",
  writing: "Rédaction…",
  ready: "Réponse prête",
  privacy: "Les réponses viennent de vos documents. Rien ne quitte cette machine.",
  empty: "Aucune conversation pour l’instant",
  focusComposer: "Écrire une question",
};
