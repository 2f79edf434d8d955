import { plural, type Texts } from "../texts";
import type { problems as english } from "../en/problems";

const byCode: Texts<(typeof english)["byCode"]> = {
  not_found: "Cet élément n’existe pas, ou vous n’y avez pas accès.",
  not_allowed:
    "Vous n’en avez pas le droit. Adressez-vous à un administrateur ou à un gestionnaire de la collection.",
  not_signed_in: "Votre session a expiré. Reconnectez-vous.",
  sign_in_failed:
    "Le nom et le mot de passe ne correspondent pas, ou le compte est suspendu. Si vous en êtes sûr, adressez-vous à un administrateur.",
  link_invalid:
    "Ce lien a déjà servi, il est trop ancien ou incomplet. Demandez-en un autre à un administrateur.",
  name_taken: "Ce nom est déjà pris. Choisissez-en un autre.",
  collection_exists: "Une collection porte déjà ce nom. Choisissez-en un autre.",
  last_administrator: "C’est le seul administrateur. Nommez d’abord quelqu’un d’autre.",
  filled_by_provider:
    "Le fournisseur de connexion détermine les membres de ce groupe. Modifiez-les chez lui.",
  account_suspended: "Ce compte est suspendu. Adressez-vous à un administrateur.",
  account_needed: "Vous n’avez pas encore de compte ici. Demandez une invitation à un administrateur.",
  account_exists:
    "Un compte porte déjà ce nom. Demandez à un administrateur un lien pour relier les deux.",
  domain_refused: "Le domaine de votre adresse électronique n’est pas admis ici.",
  oidc_refused: "La connexion de votre organisation a été refusée. Recommencez.",
  oidc_unavailable: "La connexion de votre organisation est injoignable pour l’instant.",
  invalid_request: "Le formulaire contient une valeur impossible. Vérifiez les champs.",
  csrf_failed: "La page est restée ouverte trop longtemps. Rechargez-la et réessayez.",
  not_ready: "Cloister démarre encore. Réessayez dans un instant.",
  disk_full: "Le disque est plein.",
  too_many_questions: "Trop de questions attendent en ce moment. Réessayez dans un instant.",
  too_many_requests: "Vous demandez trop de choses à la fois. Réessayez dans un instant.",
  llm_unavailable: "Le modèle de langage est injoignable pour l’instant. Réessayez dans un instant.",
  nothing_to_continue:
    "Cette réponse ne peut pas être poursuivie. Faites répondre à nouveau à la question.",
  llm_interrupted: "Le modèle de langage s’est interrompu au milieu de la réponse.",
  llm_refused:
    "Le modèle de langage n’a pas accepté la question. Un administrateur en trouvera la raison dans le journal.",
  body_stalled: "L’envoi a pris trop de temps. Réessayez.",
  llm_timeout: "Le modèle de langage n’a pas répondu à temps. Réessayez dans un instant.",
  llm_busy: "Le modèle de langage est trop sollicité en ce moment. Réessayez dans un instant.",
  busy: "Le serveur est trop sollicité en ce moment. Réessayez dans un instant.",
  prompt_too_long:
    "La question et ce qui précède sont trop longs. Raccourcissez, ou commencez une nouvelle conversation.",
  guard_unavailable:
    "Le contrôle des questions et des réponses est injoignable ; aucune réponse n’est donnée pour l’instant.",
  withheld: "Ce contenu est retenu par les règles de votre organisation.",
  question_withheld: "Cette question est retenue par les règles de votre organisation.",
  answer_withheld: "Cette réponse est retenue par les règles de votre organisation.",
  access_revoked: "Vous n’avez plus accès à un document de cette réponse.",
  embedding_refused: "La question est trop longue pour la recherche. Raccourcissez-la.",
  embedder_unavailable: "La recherche est injoignable pour l’instant. Réessayez dans un instant.",
  database_unusable: "La base de données est inutilisable pour l’instant. Adressez-vous à un administrateur.",
  originals_unusable: "Le stockage des fichiers d’origine est inutilisable pour l’instant. Adressez-vous à un administrateur.",
  audit_unavailable:
    "Le journal d’audit ne peut pas être écrit ; rien de ce qu’il consigne n’est exécuté. Adressez-vous à un administrateur.",
  model_not_found: "Ce modèle n’existe plus. Choisissez-en un autre.",
  host_not_allowed:
    "Cloister ne répond pas sous cette adresse. Utilisez celle qu’un administrateur a choisie.",
  origin_not_allowed:
    "La demande vient d’un autre site. Ouvrez Cloister sous sa propre adresse.",
  bad_request: "Le serveur n’a pas compris la demande. Rechargez la page et réessayez.",
  internal_error: "Une erreur s’est produite sur le serveur. Réessayez ; son journal en dit plus.",
};

const weakPassword: Texts<(typeof english)["weakPassword"]> = {
  too_short: "Choisissez au moins 12 caractères ; quatre mots à la suite conviennent bien.",
  too_long: "Choisissez au plus 200 caractères.",
  repetitive:
    "Ce mot de passe répète les mêmes caractères. Choisissez quatre mots sans rapport entre eux.",
  sequence:
    "Ce mot de passe suit l’alphabet, les chiffres ou le clavier. Choisissez quatre mots sans rapport entre eux.",
  guessable: "Ce mot de passe serait vite deviné. Choisissez quatre mots sans rapport entre eux.",
  name: "Ce mot de passe se réduit presque à votre nom. Choisissez quatre mots sans rapport entre eux.",
  common:
    "Ce mot de passe fait partie de ceux qui ont fuité le plus souvent. Choisissez quatre mots sans rapport entre eux.",
};

export const problems: Texts<typeof english> = {
  byCode,
  weakPassword,
  weak: "Ce mot de passe serait vite deviné. Choisissez quatre mots sans rapport entre eux.",
  tooManyAttempts: (seconds) =>
    seconds < 120
      ? `Trop de mots de passe ont été essayés. Réessayez dans ${seconds} ${plural("fr", seconds, "seconde", "secondes")}.`
      : `Trop de mots de passe ont été essayés. Réessayez dans ${Math.ceil(seconds / 60)} minutes, ou demandez un lien à un administrateur.`,
  unreachable:
    "Le serveur est injoignable. Il démarre peut-être, ou votre réseau est interrompu.",
  broken: "Une erreur s’est produite",
  brokenBody:
    "La page ne peut pas être affichée. Vos données enregistrées sont intactes. Rechargez-la pour continuer.",
  reload: "Recharger la page",
  requestId: (id) => `Numéro de la requête, pour qui consulte le journal : ${id}`,
};
