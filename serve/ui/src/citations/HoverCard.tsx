import { useEffect, useId, useLayoutEffect, useRef, useState, type ReactNode } from "react";

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
  useEffect(() => () => window.clearTimeout(leaving.current), []);
  return (
    <span
      ref={frame}
      className="card-frame"
      onPointerEnter={(event) => event.pointerType === "mouse" && enter()}
      onPointerLeave={(event) => event.pointerType === "mouse" && leave()}
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
    const [own, at] = [card.current, anchor.current?.getBoundingClientRect()];
    if (!own || !at) return;
    own.showPopover();
    const size = own.getBoundingClientRect();
    const right = window.innerWidth - size.width - MARGIN;
    const above = at.top - size.height - MARGIN / 2;
    const below = at.bottom + MARGIN / 2;
    own.style.left = `${Math.max(MARGIN, Math.min(at.left - MARGIN, right))}px`;
    own.style.top = `${above > MARGIN ? above : below}px`;
  }, [anchor]);
  useEffect(() => {
    const scrolled = (event: Event) => event.target !== card.current && onClose();
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
