import { useEffect, useState } from "react";

import { codeOf, ProblemError } from "../api/problem";
import { Button } from "../components/Button";
import { useMessageOf } from "../components/messages";
import { useText } from "../i18n/language";
import { Notice } from "./AnswerNotices";

interface RunErrorProps {
  error: unknown;
  hasText: boolean;
  onAgain: () => void;
  onDismiss: () => void;
}

/** Why there is no answer, or no more of it; ask again once that makes sense. */
export function RunError({ error, hasText, onAgain, onDismiss }: RunErrorProps) {
  const { chat, problems, shell } = useText();
  const messageOf = useMessageOf();
  const wait = error instanceof ProblemError ? (error.problem.retry_after ?? 0) : 0;
  const left = useSecondsLeft(wait, error);
  const told: Record<string, [title: string, why: string]> = {
    too_many_questions: [chat.busy, left ? chat.busyWait(left) : chat.busyNow],
    llm_busy: [chat.busy, left ? chat.busyWait(left) : chat.busyNow],
    not_signed_in: [chat.signedOut, chat.signedOutWhy],
    unreachable: hasText
      ? [chat.interrupted, `${problems.unreachable} ${chat.interruptedKept}`]
      : [chat.unreachable, problems.unreachable],
  };
  const [title, why] = told[codeOf(error)] ?? [chat.failed, messageOf(error)];
  return (
    <div role="alert">
      <Notice
        icon="warning"
        title={title}
        action={
          <div className="notice-actions">
            <Button icon="retry" disabled={left > 0} onClick={onAgain}>
              {shell.retry}
            </Button>
            <Button kind="quiet" onClick={onDismiss}>
              {chat.dismiss}
            </Button>
          </div>
        }
      >
        {why}
      </Notice>
    </div>
  );
}

/** Counts down once a second, from the moment that something began. */
function useSecondsLeft(seconds: number, begun: unknown): number {
  const [state, setState] = useState({ begun, left: seconds });
  if (state.begun !== begun) setState({ begun, left: seconds });
  useEffect(() => {
    if (state.left <= 0) return;
    const timer = window.setTimeout(
      () => setState((now) => ({ ...now, left: now.left - 1 })),
      1_000,
    );
    return () => window.clearTimeout(timer);
  }, [state]);
  return state.left;
}
