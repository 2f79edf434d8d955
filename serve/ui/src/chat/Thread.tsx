import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { Button } from "../components/Button";
import { useText } from "../i18n/language";
import { AskedTurn } from "./AskedTurn";
import type { Detail } from "./queries";
import type { Run } from "./runs";
import type { TurnActions } from "./useAsking";

const NEAR = 60;

interface ThreadProps {
  detail: Detail;
  run: Run | null;
  actions: TurnActions;
}

/** The turns of the branch that is shown, and the answer that is being written. */
export function Thread({ detail, run, actions }: ThreadProps) {
  const { chat } = useText();
  const { frame, isAtEnd, toEnd } = useFollowing(run);
  const shown = shownTurns(detail, run);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keys
    <div className="thread" ref={frame} tabIndex={0} role="region" aria-label={chat.thread}>
      <div className="thread-column">
        {shown.map(({ key, ...asked }, index) => (
          <AskedTurn key={key} {...asked} isLast={index === shown.length - 1} actions={actions} />
        ))}
      </div>
      {!isAtEnd && (
        <div className="to-end">
          <Button icon="chevronDown" onClick={toEnd}>
            {chat.toEnd}
          </Button>
        </div>
      )}
    </div>
  );
}

/**
 * The turns, and last what is being written. It has the key of the turn that it becomes, so that what
 * one points at in it is still there once it is stored.
 */
function shownTurns(detail: Detail, run: Run | null) {
  const stored = turnsBefore(detail, run).map((turn) => ({
    key: turn.id,
    turn,
    run: null,
  }));
  if (!run) return stored;
  return [...stored, { key: run.turnId ?? "asked", turn: null, run }];
}

/** The turns before the one that is being written. */
function turnsBefore({ turns }: Detail, run: Run | null) {
  if (run?.ask.besideId == null) return turns.filter((each) => each.id !== run?.turnId);
  const at = turns.findIndex(
    (each) => each.siblings.includes(run.ask.besideId ?? 0) || each.id === run.turnId,
  );
  return at < 0 ? turns : turns.slice(0, at);
}

/** Scroll along with an answer until the reader scrolls up. */
function useFollowing(run: Run | null) {
  const frame = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const seen = useRef({ top: 0, most: 0 });
  const [isAtEnd, setAtEnd] = useState(true);
  const asked = run?.ask;
  useEffect(() => {
    const own = frame.current;
    if (!own) return;
    const onScroll = () => {
      const [left, now] = [leftBelow(own), placeIn(own)];
      // Where the text shrinks, or its frame grows, it moves up by itself.
      const hasMovedUp = now.top < seen.current.top && now.most === seen.current.most;
      if (hasMovedUp && left > 1) follows.current = false;
      else if (left < NEAR) follows.current = true;
      seen.current = now;
      setAtEnd(left < NEAR || follows.current);
    };
    own.addEventListener("scroll", onScroll, { passive: true });
    return () => own.removeEventListener("scroll", onScroll);
  }, []);
  useEffect(() => {
    if (asked) follows.current = true;
  }, [asked]);
  useLayoutEffect(() => {
    const own = frame.current;
    if (!own || !follows.current) return;
    own.scrollTop = own.scrollHeight;
    // Only what the reader scrolls from here is a move of theirs.
    seen.current = placeIn(own);
  });
  useEffect(() => {
    const [own, column] = [frame.current, frame.current?.firstElementChild];
    if (!own || !column) return;
    // Answers grow without Thread as well: when the code that draws their text has come.
    const observer = new ResizeObserver(() => {
      if (follows.current) own.scrollTop = own.scrollHeight;
      else setAtEnd(leftBelow(own) < NEAR);
      seen.current = placeIn(own);
    });
    observer.observe(column);
    observer.observe(own);
    return () => observer.disconnect();
  }, []);
  const toEnd = () => {
    follows.current = true;
    frame.current?.scrollTo({ top: frame.current.scrollHeight, behavior: "smooth" });
  };
  return { frame, isAtEnd, toEnd };
}

/** How far down it is scrolled, and how far it could be. */
function placeIn({ scrollHeight, scrollTop, clientHeight }: HTMLElement) {
  return { top: scrollTop, most: scrollHeight - clientHeight };
}

function leftBelow({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}
