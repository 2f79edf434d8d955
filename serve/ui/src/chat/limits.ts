/** As many characters as the server takes of a question: MAX_QUESTION_CHARACTERS there. */
export const MAX_QUESTION = 4_000;
