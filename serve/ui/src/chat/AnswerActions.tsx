import { lazy, Suspense, useState } from "react";

import { put } from "../api/http";
import type { Schemas } from "../api/types";
import { IconButton } from "../components/Button";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import type { Answer } from "./answer";
import { copy, markdownOf } from "./copying";
import type { Turn } from "./queries";
import type { TurnActions } from "./useAsking";

const FeedbackDialog = lazy(() => import("./FeedbackDialog"));

interface AnswerActionsProps {
  turn: Turn;
  answer: Answer;
  isLast: boolean;
  actions: TurnActions;
}

export function AnswerActions({ turn, answer, isLast, actions }: AnswerActionsProps) {
  const { chat } = useText();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const [isTelling, setTelling] = useState(false);
  const value = turn.feedback?.value ?? null;
  const failed = (error: unknown) =>
    toast({ kind: "error", text: messageOf(error) });
  const judge = (body: Schemas["FeedbackBody"], thanks: string) =>
    put("/api/v1/turns/{turn_id}/feedback", { path: { turn_id: turn.id }, body }).then((judged) => {
      actions.changed(judged);
      toast({ text: thanks });
    }, failed);
  const copyAnswer = () =>
    copy(markdownOf(answer.text, answer.citations, chat)).then(
      () => toast({ text: chat.copied }),
      () => toast({ kind: "error", text: chat.notCopied }),
    );
  return (
    <div className={isLast ? "answer-actions" : "answer-actions answer-actions-past"}>
      <IconButton icon="copy" label={chat.copy} onClick={() => void copyAnswer()} />
      <IconButton
        icon="retry"
        label={chat.regenerate}
        onClick={() => actions.regenerate(turn.id, turn.question)}
      />
      <IconButton
        icon="thumbUp"
        label={chat.good}
        aria-pressed={value === "up"}
        onClick={() =>
          void (value === "up"
            ? judge({ value: null, comment: "" }, chat.takenBack)
            : judge({ value: "up", comment: "" }, chat.thanks))
        }
      />
      <IconButton
        icon="thumbDown"
        label={chat.bad}
        aria-pressed={value === "down"}
        onClick={() =>
          value === "down"
            ? void judge({ value: null, comment: "" }, chat.takenBack)
            : setTelling(true)
        }
      />
      {isTelling && (
        <Suspense>
          <FeedbackDialog
            onClose={() => setTelling(false)}
            onSend={(body) => {
              setTelling(false);
              void judge(body, chat.thanks);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
