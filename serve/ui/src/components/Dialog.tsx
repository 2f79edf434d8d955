import { useEffect, useId, useRef, type ReactNode } from "react";

import { useText } from "../i18n/language";
import { IconButton } from "./Button";
import { contentOfPage } from "./focus";

// Who opens a dialog with something to fill in wants to fill it in; else the first button has the focus.
const FIELDS = "input:not([readonly], :disabled), textarea:not(:disabled)";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the foot. */
  actions?: ReactNode;
  /** Whether a click beside it leaves it open: what it shows may not be to be had again. */
  isKept?: boolean;
}

/** A modal dialog; show it by rendering it. Escape closes it, and so does a click on the backdrop. */
export function Dialog({ title, onClose, children, actions, isKept = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const isPressedBeside = useRef(false);
  const titleId = useId();
  const { shell } = useText();
  useEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>(FIELDS)?.focus();
    return () => {
      dialog?.close();
      // What was deleted may have taken it along.
      if (!opener?.isConnected) contentOfPage()?.focus();
      else if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- Escape closes it too.
    <dialog
      ref={element}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={({ target, currentTarget }) => {
        isPressedBeside.current = target === currentTarget;
      }}
      onClick={({ target, currentTarget }) => {
        // Text may be selected from the inside to the outside.
        if (target === currentTarget && isPressedBeside.current && !isKept) onClose();
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label={shell.close} onClick={onClose} />
        </header>
        {children}
        {actions && <footer className="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}
