import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type PointerEvent as ReactPointerEvent,
  type ReactNode,
} from "react";

import { useText } from "../i18n/language";
import { useShortcut } from "../shell/shortcuts";
import "./citations.css";

const LEAVE_MS = 140;
const MARGIN = 8;

/** Closes the card that was opened last: two would cover each other. */
let closeLast = (): void => undefined;

interface HoverCardProps {
  /** The name of the button. */
  label: string;
  className: string;
  shown: ReactNode;
  onClick?: () => void;
  children: ReactNode;
}

/**
 * A button in a text with a card that shows on hover and focus; Escape closes it. A click does what is
 * to be done; where nothing is, it opens and closes the card, for those who have nothing to hover with.
 */
export function HoverCard({ label, className, shown, onClick, children }: HoverCardProps) {
  const [isOpen, setOpen] = useState(false);
  const leaving = useRef<number>(undefined);
  const pointed = useRef("");
  const frame = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const enter = () => {
    window.clearTimeout(leaving.current);
    closeLast();
    closeLast = () => setOpen(false);
    setOpen(true);
  };
  const leave = () => {
    leaving.current = window.setTimeout(() => setOpen(false), LEAVE_MS);
  };
  const note = (event: ReactPointerEvent) => {
    pointed.current = placeOf(event);
  };
  const pointerLeft = (event: ReactPointerEvent) => {
    if (placeOf(event) !== pointed.current) leave();
    // The text went from under a pointer that rests: one may be reading.
    else document.addEventListener("pointermove", pointerMoved, { once: true });
  };
  const pointerMoved = ({ target }: PointerEvent) => {
    if (!frame.current?.contains(target as Node)) leave();
  };
  useEffect(() => () => window.clearTimeout(leaving.current), []);
  return (
    <span
      ref={frame}
      className="card-frame"
      onPointerEnter={(event) => {
        note(event);
        if (event.pointerType === "mouse") enter();
      }}
      onPointerMove={note}
      onPointerLeave={(event) => event.pointerType === "mouse" && pointerLeft(event)}
    >
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        aria-describedby={isOpen ? id : undefined}
        onFocus={(event) => event.currentTarget.matches(":focus-visible") && enter()}
        onBlur={leave}
        onClick={() => {
          if (isOpen || onClick) setOpen(false);
          else enter();
          onClick?.();
        }}
      >
        {shown}
      </button>
      {isOpen && (
        <Card id={id} frame={frame} anchor={button} onClose={() => setOpen(false)}>
          {children}
        </Card>
      )}
    </span>
  );
}

interface CardProps {
  id: string;
  /** What is outside of this closes the card. */
  frame: { readonly current: HTMLElement | null };
  anchor: { readonly current: HTMLElement | null };
  onClose: () => void;
  children: ReactNode;
}

function Card({ id, frame, anchor, onClose, children }: CardProps) {
  const { shell } = useText();
  const card = useRef<HTMLSpanElement>(null);
  useShortcut("Escape", shell.shortcutClose, onClose);
  useLayoutEffect(() => {
    if (!card.current || !anchor.current) return;
    card.current.showPopover();
    lay(card.current, anchor.current);
  }, [anchor]);
  useEffect(() => {
    const scrolled = ({ target }: Event) => {
      const [own, at] = [card.current, anchor.current];
      // What is pointed at stays where it is.
      if (!own || !at || !(target as Node).contains(at) || own.matches(":hover")) return;
      if (isInSight(at, target)) lay(own, at);
      else onClose();
    };
    const outside = (event: Event) => !frame.current?.contains(event.target as Node) && onClose();
    window.addEventListener("scroll", scrolled, { capture: true });
    document.addEventListener("pointerdown", outside);
    return () => {
      window.removeEventListener("scroll", scrolled, { capture: true });
      document.removeEventListener("pointerdown", outside);
    };
  });
  return (
    <span ref={card} id={id} role="tooltip" popover="manual" className="card">
      {children}
    </span>
  );
}

/** Lay a card above what it belongs to, or below where there is no room. */
function lay(card: HTMLElement, anchor: HTMLElement): void {
  const [at, size] = [anchor.getBoundingClientRect(), card.getBoundingClientRect()];
  const right = window.innerWidth - size.width - MARGIN;
  const above = at.top - size.height - MARGIN / 2;
  const below = at.bottom + MARGIN / 2;
  card.style.left = `${Math.max(MARGIN, Math.min(at.left - MARGIN, right))}px`;
  card.style.top = `${above > MARGIN ? above : below}px`;
}

function isInSight(anchor: HTMLElement, scrolled: EventTarget | null): boolean {
  const at = anchor.getBoundingClientRect();
  const view =
    scrolled instanceof Element
      ? scrolled.getBoundingClientRect()
      : { top: 0, bottom: window.innerHeight };
  return at.bottom > view.top && at.top < view.bottom;
}

function placeOf({ clientX, clientY }: ReactPointerEvent): string {
  return `${clientX},${clientY}`;
}
