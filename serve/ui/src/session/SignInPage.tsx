import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { post } from "../api/http";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { messageOf } from "../components/States";
import { useText } from "../i18n/language";
import { Front } from "./Front";
import { takeUpSession } from "./session";

/** Stands in the place of any page while nobody is signed in; the address stays. */
export function SignInPage({ hasEnded = false }: { hasEnded?: boolean }) {
  const { shell } = useText();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = { name: String(form.get("name")), password: String(form.get("password")) };
      const { csrf_token } = await post("/api/v1/auth/login", { body });
      await takeUpSession(client, csrf_token);
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Front title={shell.signIn}>
      <p>{hasEnded ? shell.sessionEnded : shell.signInIntro}</p>
      {error !== null && <FormError>{messageOf(error, shell.unreachable)}</FormError>}
      <form onSubmit={submit}>
        <Field label={shell.person} name="name" autoComplete="username" required autoFocus />
        <Field
          label={shell.password}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <Button kind="primary" type="submit" disabled={isBusy}>
          {shell.signIn}
        </Button>
      </form>
      <p className="front-note">{shell.noAccount}</p>
    </Front>
  );
}
