import { useId, useState, type FormEvent, type ReactNode } from "react";

import { useText } from "../i18n/language";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { FormError } from "./Field";
import { useMessageOf } from "./messages";

interface FormDialogProps {
  title: string;
  /** What the button says that sends the form. */
  action: string;
  /** Send it; `false` leaves the dialog open. */
  onSend: (form: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a dialog; it closes when what it sent was taken. */
export function FormDialog({ title, action, onSend, onClose, children }: FormDialogProps) {
  const { shell } = useText();
  const id = useId();
  const messageOf = useMessageOf();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      if ((await onSend(form)) !== false) onClose();
      else setBusy(false);
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
          <Button kind="primary" type="submit" form={id} disabled={isBusy}>
            {action}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit}>
        {children}
        {error !== null && <FormError>{messageOf(error)}</FormError>}
      </form>
    </Dialog>
  );
}
