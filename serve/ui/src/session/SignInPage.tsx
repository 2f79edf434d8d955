import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { post } from "../api/http";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { useText } from "../i18n/language";
import { Front } from "./Front";
import { useOidc } from "./methods";
import { ProviderButton } from "./ProviderButton";
import { takeUpSession } from "./session";

/** Stands in the place of any page while nobody is signed in; the address stays. */
export function SignInPage({ hasEnded = false }: { hasEnded?: boolean }) {
  const { shell } = useText();
  return (
    <Front title={shell.signIn}>
      <p>{hasEnded ? shell.sessionEnded : shell.signInIntro}</p>
      <ProviderButton />
      <SignInForm />
      <p className="front-note">{shell.noAccount}</p>
    </Front>
  );
}

function SignInForm() {
  const { shell } = useText();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const hasProvider = useOidc() !== null;
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = { name: String(form.get("name")), password: String(form.get("password")) };
      await post("/api/v1/auth/login", { body });
      await takeUpSession(client);
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit}>
      {error !== null && <FormError>{messageOf(error)}</FormError>}
      <Field label={shell.person} name="name" autoComplete="username" required autoFocus />
      <Field
        label={shell.password}
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <Button kind={hasProvider ? "plain" : "primary"} type="submit" disabled={isBusy}>
        {shell.signIn}
      </Button>
    </form>
  );
}
