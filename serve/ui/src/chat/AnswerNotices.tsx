import type { ReactNode } from "react";

import { ProblemError } from "../api/problem";
import { Button } from "../components/Button";
import { Icon, type IconName } from "../components/Icon";
import { useMessageOf } from "../components/messages";
import { useText } from "../i18n/language";
import { isQuoted, type Answer } from "./answer";
import type { Turn } from "./queries";
import type { TurnActions } from "./useAsking";

interface AnswerNoticesProps {
  answer: Answer;
  turn: Turn | null;
  actions: TurnActions;
}

/** What a reader must know of an answer before relying on it. */
export function AnswerNotices({ answer, turn, actions }: AnswerNoticesProps) {
  const { chat, shell } = useText();
  const messageOf = useMessageOf();
  const isDone = turn ? turn.state === "complete" : answer.stage === "ended" && !answer.error;
  const isFactual = isDone && !answer.abstained && answer.text !== "";
  const hasGone = answer.citations.some((each) => !isQuoted(each));
  const again = turn && (
    <Button icon="retry" onClick={() => actions.regenerate(turn.id, turn.question)}>
      {shell.retry}
    </Button>
  );
  const goOn = turn && answer.text !== "" && !turn.withheld && (
    <Button icon="forward" onClick={() => actions.goOn(turn.id, turn.question)}>
      {chat.goOn}
    </Button>
  );
  const either = (
    <div className="notice-actions">
      {goOn}
      {again}
    </div>
  );
  return (
    <>
      {answer.degraded && !answer.abstained && (
        <Notice icon="warning" title={chat.degraded}>
          {chat.degradedWhy}
        </Notice>
      )}
      {isFactual && answer.grounded && answer.struck.length > 0 && (
        <Notice icon="warning" title={chat.partly}>
          {chat.partlyWhy(answer.struck.length)}
        </Notice>
      )}
      {isFactual && !answer.grounded && (
        <Notice icon="warning" title={chat.ungrounded}>
          {chat.ungroundedWhy}
        </Notice>
      )}
      {(hasGone || turn?.withheld) && (
        <Notice icon="document" title={chat.withheld}>
          {chat.withheldWhy}
        </Notice>
      )}
      {answer.truncated && <Notice icon="more" title={chat.truncated} action={goOn} />}
      {turn?.state === "interrupted" && (
        <Notice icon="stop" title={chat.interrupted} action={either}>
          {answer.text ? chat.interruptedKept : chat.interruptedEmpty}
        </Notice>
      )}
      {turn?.state === "failed" && (
        <Notice icon="warning" title={answer.text ? chat.interrupted : chat.failed} action={either}>
          {turn.error && messageOf(new ProblemError(turn.error))} {answer.text && chat.interruptedKept}
        </Notice>
      )}
    </>
  );
}

interface NoticeProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function Notice({ icon, title, children, action }: NoticeProps) {
  return (
    <div className="notice">
      <Icon name={icon} size={18} />
      <div className="notice-words">
        <strong>{title}</strong>
        {children && <span>{children}</span>}
      </div>
      {action}
    </div>
  );
}
