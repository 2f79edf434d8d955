import { useState } from "react";

import { post } from "../api/http";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Field, FormError, Select } from "../components/Field";
import { FormDialog } from "../components/FormDialog";
import { Secret } from "../components/Secret";
import { useMe } from "../session/session";
import { useSettingsText, type SettingsText } from "./texts";

type Permission = keyof SettingsText["permission"];
type Expiry = keyof SettingsText["expiry"];

const PERMISSIONS: readonly Permission[] = ["search", "ask", "ingest", "admin"];
const DAY = 86_400_000;

interface NewKeyProps {
  onMade: () => Promise<unknown>;
  onClose: () => void;
}

/** A form for a key, then the key itself, once. */
export function NewKey({ onMade, onClose }: NewKeyProps) {
  const [secret, setSecret] = useState<string | null>(null);
  return secret === null ? (
    <KeyForm onMade={setSecret} onListed={onMade} onClose={onClose} />
  ) : (
    <KeyShown secret={secret} onClose={onClose} />
  );
}

function KeyShown({ secret, onClose }: { secret: string; onClose: () => void }) {
  const settings = useSettingsText();
  return (
    <Dialog
      title={settings.newKey}
      onClose={onClose}
      isKept
      actions={
        <Button kind="primary" onClick={onClose}>
          {settings.done}
        </Button>
      }
    >
      <p>{settings.secretBody}</p>
      <Secret label={settings.secret} value={secret} />
    </Dialog>
  );
}

interface KeyFormProps {
  onMade: (secret: string) => void;
  onListed: () => Promise<unknown>;
  onClose: () => void;
}

function KeyForm({ onMade, onListed, onClose }: KeyFormProps) {
  const settings = useSettingsText();
  const me = useMe();
  const [expiry, setExpiry] = useState<Expiry>("90");
  const [isEmpty, setEmpty] = useState(false);
  const make = async (form: FormData) => {
    const permissions = form.getAll("permission") as Permission[];
    setEmpty(permissions.length === 0);
    if (permissions.length === 0) return false;
    const expires_at =
      expiry === "never" ? null : new Date(Date.now() + Number(expiry) * DAY).toISOString();
    const body = { name: String(form.get("name")), permissions, expires_at };
    const made = await post("/api/v1/keys", { body });
    onMade(made.key);
    await onListed();
    return false;
  };
  return (
    <FormDialog
      title={settings.newKey}
      action={settings.makeKey}
      onSend={make}
      onClose={onClose}
    >
      <Field
        label={settings.keyName}
        hint={settings.keyNameHint}
        name="name"
        required
        maxLength={200}
        autoComplete="off"
      />
      <fieldset className="settings-choices">
        <legend>{settings.permissions}</legend>
        {PERMISSIONS.filter((each) => each !== "admin" || me.is_administrator).map((each) => (
          <label key={each} className="check">
            <input
              type="checkbox"
              name="permission"
              value={each}
              defaultChecked={each === "search" || each === "ask"}
            />
            {settings.permission[each]}
          </label>
        ))}
      </fieldset>
      <Select
        label={settings.expires}
        value={expiry}
        options={Object.entries(settings.expiry) as [Expiry, string][]}
        onChoose={setExpiry}
      />
      {isEmpty && <FormError>{settings.onePermission}</FormError>}
    </FormDialog>
  );
}
