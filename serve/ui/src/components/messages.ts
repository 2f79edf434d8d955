/** What went wrong, in the words of the interface. */
import { ProblemError } from "../api/problem";
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";
import { worded } from "../i18n/texts";

/** The message for an error; for a code that this page does not know, the server's own. */
export function messageIn({ problems, documents }: Dictionary, error: unknown): string {
  if (!(error instanceof ProblemError) || error.code === "unreachable") return problems.unreachable;
  const { code, reason, retry_after: wait, detail } = error.problem;
  if (code === "too_many_attempts") return problems.tooManyAttempts(wait ?? 60);
  if (code === "weak_password") return worded(problems.weakPassword, reason ?? "") ?? problems.weak;
  return worded(problems.byCode, code) ?? worded(documents.reasons, code) ?? detail;
}

export function useMessageOf(): (error: unknown) => string {
  const text = useText();
  return (error) => messageIn(text, error);
}
