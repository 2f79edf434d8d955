import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { post } from "../api/http";
import { codeOf } from "../api/problem";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { Spinner } from "../components/States";
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";
import { navigate, useHash } from "../router";
import { Front, FrontError } from "./Front";
import { useOidc } from "./methods";
import { PasswordField } from "./PasswordField";
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
  const isInvalid = token === "" || (link.isError && codeOf(link.error) === "link_invalid");
  if (isInvalid) {
    return (
      <Front title={shell.linkInvalid}>
        <p>{shell.linkInvalidBody}</p>
        <a href="/login">{shell.signIn}</a>
      </Front>
    );
  }
  if (link.isError) return <FrontError error={link.error} onRetry={() => void link.refetch()} />;
  if (!link.data) return <Spinner />;
  return <EnterForm token={token} link={link.data} />;
}

function EnterForm({ token, link }: { token: string; link: Link }) {
  const { shell } = useText();
  const client = useQueryClient();
  const messageOf = useMessageOf();
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
      await post("/api/v1/auth/links", { body: { token, password, ...name } });
      await takeUpSession(client);
      navigate(isFirst ? "/welcome" : "/", { replace: true });
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const isWeak = codeOf(error) === "weak_password";
  return (
    <Front title={titleOf(link, shell)}>
      {isFirst && <p className="front-step">{shell.step(1, 3)}</p>}
      <p>{isFirst ? shell.welcomeFirstIntro : shell.welcomeInvitedIntro}</p>
      {error !== null && !isWeak && <FormError>{messageOf(error)}</FormError>}
      {!isFirst && <ProviderByLink token={token} onError={setError} />}
      <form onSubmit={submit}>
        {isFirst ? (
          <Field label={shell.person} name="name" autoComplete="username" required autoFocus />
        ) : (
          <input type="hidden" name="username" autoComplete="username" value={link.name ?? ""} />
        )}
        <PasswordField autoFocus={!isFirst} error={isWeak ? messageOf(error) : undefined} />
        <Button kind="primary" type="submit" disabled={isBusy}>
          {shell.enter}
        </Button>
      </form>
    </Front>
  );
}

interface ProviderByLinkProps {
  token: string;
  onError: (error: unknown) => void;
}

/** The link answered at the organisation's own sign-in, where there is one. */
function ProviderByLink({ token, onError }: ProviderByLinkProps) {
  const { shell } = useText();
  const oidc = useOidc();
  if (!oidc) return null;
  const follow = async () => {
    try {
      const { location } = await post("/api/v1/auth/oidc/links", { body: { token } });
      window.location.assign(location);
    } catch (refused) {
      onError(refused);
    }
  };
  return (
    <>
      <Button kind="primary" onClick={() => void follow()}>
        {shell.signInWith(oidc.name)}
      </Button>
      <p className="front-or">{shell.or}</p>
    </>
  );
}

function titleOf(link: Link, shell: Dictionary["shell"]): string {
  if (link.name === null) return shell.welcomeFirst;
  return link.purpose === "reset" ? shell.welcomeReset(link.name) : shell.welcomeInvited(link.name);
}
