import { useState, type ReactNode } from "react";

import { useText } from "../i18n/language";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field, FormError } from "./Field";
import { useMessageOf } from "./messages";

interface ConfirmDialogProps {
  title: string;
  /** What the button says that does it. */
  action: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
  /** A word that must be typed first, and how that is asked for. */
  typed?: { word: string; label: string };
}

/** Asks before something that cannot be undone; stays open with the reason where it fails. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, action, onConfirm, onClose, children, typed } = props;
  const { shell } = useText();
  const messageOf = useMessageOf();
  const [given, setGiven] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{shell.cancel}</Button>
          <Button
            kind="danger"
            disabled={isBusy || (typed !== undefined && given !== typed.word)}
            onClick={() => void confirm()}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed && (
        <Field
          label={typed.label}
          value={given}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setGiven(event.target.value)}
        />
      )}
      {error !== null && <FormError>{messageOf(error)}</FormError>}
    </Dialog>
  );
}
