/** What went wrong, in the words of the interface. */
import { ProblemError } from "../api/problem";
import { useText, type Dictionary } from "../i18n/language";

type Problems = Dictionary["problems"];

/** The message for an error; for a code without words of ours, the server's own. */
export function messageIn(problems: Problems, error: unknown): string {
  if (!(error instanceof ProblemError) || error.code === "unreachable") return problems.unreachable;
  const { code, reason, retry_after: wait, detail } = error.problem;
  if (code === "too_many_attempts") return problems.tooManyAttempts(wait ?? 60);
  if (code === "weak_password") return problems.weakPassword[reason ?? ""] ?? problems.weak;
  return problems.byCode[code] ?? detail;
}

export function useMessageOf(): (error: unknown) => string {
  const { problems } = useText();
  return (error) => messageIn(problems, error);
}
