import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { put } from "../api/http";
import { codeOf } from "../api/problem";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { PasswordField } from "../session/PasswordField";
import { takeUpSession, useMe } from "../session/session";
import { useSettingsText } from "./texts";

export function PasswordForm() {
  const settings = useSettingsText();
  const me = useMe();
  const [changes, setChanges] = useState(0);
  if (me.by_oidc) return <p>{settings.noPassword}</p>;
  // Made anew after each change, so that no password stays in a field.
  return <Form key={changes} onChanged={() => setChanges(changes + 1)} />;
}

function Form({ onChanged }: { onChanged: () => void }) {
  const settings = useSettingsText();
  const me = useMe();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = { old: String(form.get("old")), new: String(form.get("new")) };
      await put("/api/v1/auth/password", { body });
      await takeUpSession(client);
      toast({ text: settings.passwordChanged });
      await client.invalidateQueries({ queryKey: ["sessions"] });
      onChanged();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const code = error === null ? null : codeOf(error);
  const isOfField = code === "weak_password" || code === "sign_in_failed";
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)}>
      {error !== null && !isOfField && <FormError>{messageOf(error)}</FormError>}
      <input type="hidden" name="username" autoComplete="username" value={me.name} />
      <Field
        label={settings.oldPassword}
        name="old"
        type="password"
        autoComplete="current-password"
        required
        error={code === "sign_in_failed" ? settings.wrongPassword : undefined}
      />
      <PasswordField name="new" error={code === "weak_password" ? messageOf(error) : undefined} />
      <Button type="submit" disabled={isBusy}>
        {settings.changePassword}
      </Button>
    </form>
  );
}
