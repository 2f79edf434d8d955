import { lazy, Suspense, useState } from "react";

import { put } from "../api/http";
import type { Schemas } from "../api/types";
import { IconButton } from "../components/Button";
import { copy } from "../components/clipboard";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import type { Answer } from "./answer";
import { markdownOf } from "./copying";
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
  const send = async (body: Schemas["FeedbackBody"], thanks: string) => {
    const path = { turn_id: turn.id };
    actions.changed(await put("/api/v1/turns/{turn_id}/feedback", { path, body }));
    toast({ text: thanks });
  };
  const judge = (body: Schemas["FeedbackBody"], thanks: string) => send(body, thanks).catch(failed);
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
            onSend={(body) => send(body, chat.thanks)}
          />
        </Suspense>
      )}
    </div>
  );
}
