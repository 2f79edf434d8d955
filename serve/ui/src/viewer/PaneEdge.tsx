import { useEffect, useState, type KeyboardEvent, type PointerEvent } from "react";

import { useText } from "../i18n/language";

const KEY = "cloister.sourceWidth";
const [LEAST, MOST, STEP] = [28, 65, 3];

/** The edge between chat and source, to be dragged or moved by arrow keys. */
export function PaneEdge() {
  const { viewer } = useText();
  const [share, setShare] = useState(keptShare);
  useEffect(() => {
    document.documentElement.style.setProperty("--source", `${share}%`);
    try {
      window.localStorage.setItem(KEY, `${share}`);
    } catch {
      // It holds for this page then.
    }
  }, [share]);
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    setShare(within((100 * (window.innerWidth - event.clientX)) / window.innerWidth));
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    setShare((now) => within(now + by));
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- A separator that moves is a control.
    <div
      className="pane-edge"
      role="separator"
      aria-orientation="vertical"
      aria-label={viewer.resize}
      aria-valuenow={Math.round(share)}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={move}
    />
  );
}

function keptShare(): number {
  try {
    return within(Number(window.localStorage.getItem(KEY)) || 42);
  } catch {
    return 42;
  }
}

function within(share: number): number {
  return Math.min(MOST, Math.max(LEAST, share));
}
