import { plural } from "../texts";

const byCode = {
  not_found: "This is not there, or you may not see it.",
  not_allowed: "You may not do that. Ask an administrator, or a manager of the collection.",
  not_signed_in: "Your session has ended. Sign in again.",
  sign_in_failed:
    "Name and password do not belong together, or the account is suspended. If you are sure of them, ask an administrator.",
  link_invalid: "This link was used, is too old, or is not complete. Ask an administrator for a new one.",
  name_taken: "This name is taken. Choose another one.",
  collection_exists: "There is a collection of that name. Choose another name.",
  last_administrator: "This is the only administrator. Make somebody else one first.",
  filled_by_provider: "The sign-in provider says who is in this group. Change it there.",
  account_suspended: "This account is suspended. Ask an administrator.",
  account_needed: "There is no account for you here yet. Ask an administrator for an invitation.",
  account_exists: "There is an account of that name already. Ask an administrator for a link to connect the two.",
  domain_refused: "Your e-mail address is not of a domain that is let in here.",
  oidc_refused: "Your organisation’s sign-in did not let you in. Begin again.",
  oidc_unavailable: "Your organisation’s sign-in cannot be reached just now.",
  invalid_request: "Something in the form cannot be as it is. Check the fields.",
  csrf_failed: "The page was open for too long. Load it anew and try again.",
  not_ready: "Cloister is still starting. Try again in a moment.",
  disk_full: "The disk is full.",
  too_many_questions: "Too many questions wait just now. Try again in a moment.",
  too_many_requests: "You are doing too much at the same time. Try again in a moment.",
  llm_unavailable: "The language model cannot be reached just now. Try again in a moment.",
  nothing_to_continue: "This answer cannot be continued. Have the question answered again.",
  llm_interrupted: "The language model broke off in the middle of the answer.",
  llm_refused: "The language model did not take the question. An administrator finds the reason in the log.",
  body_stalled: "Sending took too long. Try again.",
  llm_timeout: "The language model did not answer in time. Try again in a moment.",
  llm_busy: "The language model has too much to do just now. Try again in a moment.",
  busy: "Too much is asked just now. Try again in a moment.",
  prompt_too_long: "The question and what was said before are too long. Ask shorter, or begin a new chat.",
  guard_unavailable: "What checks questions and answers cannot be reached, so nothing is answered just now.",
  withheld: "This is withheld by the rules of your organisation.",
  question_withheld: "This question is withheld by the rules of your organisation.",
  answer_withheld: "This answer is withheld by the rules of your organisation.",
  access_revoked: "You may not see a document of this answer any more.",
  embedding_refused: "The question is too long for the search. Ask shorter.",
  embedder_unavailable: "The search cannot be reached just now. Try again in a moment.",
  database_unusable: "The database cannot be used just now. Ask an administrator.",
  originals_unusable: "The store of the original files cannot be used just now. Ask an administrator.",
  audit_unavailable: "The audit log cannot be written, so nothing that it records is done. Ask an administrator.",
  model_not_found: "There is no such model any more. Choose another one.",
  host_not_allowed: "Cloister does not answer under this address. Use the one that an administrator has set.",
  origin_not_allowed: "The request came from another site. Open Cloister under its own address.",
  bad_request: "The server did not understand the request. Load the page anew and try again.",
  internal_error: "The server made a mistake. Try again; its log says more.",
};

const weakPassword = {
  too_short: "Take at least 12 characters; four words in a row are good.",
  too_long: "Take at most 200 characters.",
  repetitive: "This repeats the same few characters. Take four words that have nothing to do with each other.",
  sequence:
    "This follows the alphabet, the digits or the keyboard. Take four words that have nothing to do with each other.",
  guessable: "This would be guessed soon. Take four words that have nothing to do with each other.",
  name: "This is little more than your name. Take four words that have nothing to do with each other.",
  common:
    "This password is among those that were leaked most often. Take four words that have nothing to do with each other.",
};

export const problems = {
  byCode,
  weakPassword,
  weak: "This password would be guessed. Take four words that have nothing to do with each other.",
  tooManyAttempts: (seconds: number) =>
    seconds < 120
      ? `Too many passwords were tried. Try again in ${seconds} ${plural("en", seconds, "second", "seconds")}.`
      : `Too many passwords were tried. Try again in ${Math.ceil(seconds / 60)} minutes, or ask an administrator for a link.`,
  unreachable: "The server cannot be reached. It may be starting, or your network is down.",
  broken: "Something broke",
  brokenBody: "This page made a mistake. What you have stored is safe. Load the page anew to go on.",
  reload: "Load the page anew",
  requestId: (id: string) => `Number of the request, for whoever looks into the log: ${id}`,
};
