/** As many characters as the server takes of a question: MAX_QUESTION_CHARACTERS there. */
export const MAX_QUESTION = 4_000;
const COUNTED_FROM = MAX_QUESTION - 500;

/** How long a question is: in characters as the server counts them, not in halves of pairs. */
export function lengthOf(text: string): number {
  return [...text.trim()].length;
}

/** Whether the server would take the question. */
export function isFit(text: string): boolean {
  const length = lengthOf(text);
  return length > 0 && length <= MAX_QUESTION;
}

/** Whether it is long enough for whoever writes it to be told how long it is. */
export function isCounted(text: string): boolean {
  return lengthOf(text) > COUNTED_FROM;
}
