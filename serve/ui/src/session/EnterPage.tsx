import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { post } from "../api/http";
import { codeOf } from "../api/problem";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { ErrorState, messageOf, Spinner } from "../components/States";
import { useText, type Dictionary } from "../i18n/language";
import { navigate, useHash } from "../router";
import { Front } from "./Front";
import { takeUpSession } from "./session";

interface Link {
  purpose: string;
  name: string | null;
}

/** Where a link leads: /sign-in#TOKEN. The token stays behind the #, so no server's log has it. */
export function EnterPage() {
  const { shell } = useText();
  const token = useHash();
  const link = useQuery({
    queryKey: ["link", token],
    queryFn: () => post("/api/v1/auth/links/show", { body: { token } }),
    enabled: token !== "",
    retry: false,
    staleTime: Infinity,
  });
  const isInvalid = token === "" || (link.isError && codeOf(link.error) !== "unreachable");
  if (isInvalid) {
    return (
      <Front title={shell.linkInvalid}>
        <p>{shell.linkInvalidBody}</p>
        <a href="/login">{shell.signIn}</a>
      </Front>
    );
  }
  if (link.isError) return <ErrorState error={link.error} onRetry={() => void link.refetch()} />;
  if (!link.data) return <Spinner />;
  return <EnterForm token={token} link={link.data} />;
}

function EnterForm({ token, link }: { token: string; link: Link }) {
  const { shell } = useText();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const isFirst = link.name === null;
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const password = String(form.get("password"));
      const name = isFirst ? { name: String(form.get("name")) } : {};
      const entered = await post("/api/v1/auth/links", { body: { token, password, ...name } });
      await takeUpSession(client, entered.csrf_token);
      navigate(isFirst ? "/welcome" : "/", { replace: true });
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Front title={titleOf(link, shell)}>
      <p>{isFirst ? shell.welcomeFirstIntro : shell.welcomeInvitedIntro}</p>
      {error !== null && <FormError>{messageOf(error, shell.unreachable)}</FormError>}
      <form onSubmit={submit}>
        {isFirst ? (
          <Field label={shell.person} name="name" autoComplete="username" required autoFocus />
        ) : (
          <input type="hidden" name="username" autoComplete="username" value={link.name ?? ""} />
        )}
        <Field
          label={shell.newPassword}
          hint={shell.passwordHint}
          name="password"
          type="password"
          autoComplete="new-password"
          required
          autoFocus={!isFirst}
        />
        <Button kind="primary" type="submit" disabled={isBusy}>
          {shell.enter}
        </Button>
      </form>
    </Front>
  );
}

function titleOf(link: Link, shell: Dictionary["shell"]): string {
  if (link.name === null) return shell.welcomeFirst;
  return link.purpose === "reset" ? shell.welcomeReset(link.name) : shell.welcomeInvited(link.name);
}
