import { memo, useMemo } from "react";

import { useFollowedSource } from "../citations/shown";
import { SourceStrip } from "../citations/SourceStrip";
import { later } from "../components/later";
import { Spinner } from "../components/States";
import { useText } from "../i18n/language";
import { ASKED, storedAnswer, type Answer } from "./answer";
import { AnswerActions } from "./AnswerActions";
import { AnswerNotices } from "./AnswerNotices";
import { ClosedAnswer } from "./ClosedAnswer";
import { NotInDocuments } from "./NotInDocuments";
import { Question } from "./Question";
import type { Turn } from "./queries";
import type { Run } from "./runs";
import { RunError } from "./RunError";
import type { TurnActions } from "./useAsking";

/** Markdown is a third of the program: it comes with the first question, or the first answer. */
export const AnswerText = later(() => import("./AnswerText"));

interface AskedTurnProps {
  /** Null while it is being answered. */
  turn: Turn | null;
  run: Run | null;
  isLast: boolean;
  actions: TurnActions;
}

/** A question and its answer, in whatever state that is; what others become changes nothing of it. */
export const AskedTurn = memo(function AskedTurn({ turn, run, isLast, actions }: AskedTurnProps) {
  const { chat } = useText();
  const question = turn?.question ?? run?.ask.question ?? "";
  return (
    <article className="turn">
      <h2 className="visually-hidden">{chat.you}</h2>
      <Question
        text={question}
        turn={turn}
        onEdit={(text) => turn && actions.edit(turn.id, text)}
        onBranch={actions.showBranch}
      />
      <div className="answer">
        <h2 className="visually-hidden">{chat.answer}</h2>
        {turn?.closed ? (
          <ClosedAnswer onAgain={() => actions.regenerate(turn.id, turn.question)} />
        ) : (
          <OpenAnswer turn={turn} run={run} isLast={isLast} actions={actions} />
        )}
      </div>
    </article>
  );
});

/** An answer with all that belongs to it. */
function OpenAnswer({ turn, run, isLast, actions }: AskedTurnProps) {
  const answer = useMemo(() => run?.answer ?? (turn ? storedAnswer(turn) : ASKED), [turn, run?.answer]);
  const turnId = turn?.id ?? run?.turnId ?? null;
  useFollowedSource(turnId, answer.citations);
  const isWriting = run ? !run.isOver && answer.stage !== "ended" : turn?.state === "answering";
  return (
    <>
      {answer.abstained ? (
        <NotInDocuments turnId={turn?.id ?? null} hits={answer.hits} />
      ) : (
        <AnswerText answer={answer} turnId={turnId} />
      )}
      {isWriting && <Progress answer={answer} />}
      {!answer.abstained && <SourceStrip citations={answer.citations} turnId={turnId} />}
      <AnswerNotices answer={answer} turn={turn} actions={actions} />
      {run?.isOver && run.error !== null && (
        <RunError
          error={run.error}
          hasText={answer.text !== ""}
          onAgain={() => actions.again(run.ask, run.turnId)}
          onDismiss={actions.dismiss}
        />
      )}
      {turn && !isWriting && (
        <AnswerActions turn={turn} answer={answer} isLast={isLast} actions={actions} />
      )}
    </>
  );
}

/** What happens until the next words. */
function Progress({ answer }: { answer: Answer }) {
  const { chat } = useText();
  const told = {
    searching: chat.searching,
    reading: chat.reading(answer.hits.length),
    queued: chat.queued(answer.place),
    writing: chat.writing,
    ended: chat.writing,
  }[answer.stage];
  if (answer.stage === "writing" && answer.text)
    return <span className="caret" title={chat.writing} aria-hidden="true" />;
  return (
    <div className="progress" aria-hidden="true">
      <Spinner label={told} />
    </div>
  );
}
