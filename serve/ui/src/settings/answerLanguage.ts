/** The language that answers are to be written in, whatever that of the interface. */
import { kept } from "./preferences";

/** That of the question, or one that Llama 3.1 is made for. */
export const ANSWER_LANGUAGES = ["question", "de", "en", "es", "fr", "hi", "it", "pt", "th"] as const;

export type AnswerLanguage = (typeof ANSWER_LANGUAGES)[number];

/** What was chosen in this browser. */
export function answerLanguage(): AnswerLanguage {
  const chosen = kept("answerLanguage");
  return ANSWER_LANGUAGES.find((each) => each === chosen) ?? "question";
}
