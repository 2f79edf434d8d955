import type { Problem } from "./types";

/** A request that was refused; `code` is stable, the message is for people. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** The code of an error; `unreachable` where no answer came. */
export function codeOf(error: unknown): string {
  return error instanceof ProblemError ? error.code : "unreachable";
}

/** What a refusal says, also where a proxy and not our server has answered. */
export async function problemOf(response: Response): Promise<ProblemError> {
  try {
    const told = (await response.json()) as Problem;
    if (typeof told.code === "string") return new ProblemError(told);
  } catch {
    // It was no JSON.
  }
  return new ProblemError({
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: `${response.status} ${response.statusText}`,
    code: response.status >= 500 ? "unreachable" : "bad_request",
  });
}
