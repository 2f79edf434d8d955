import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { post } from "../api/http";
import { keepQuestions, resumeRuns } from "../chat/runs";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Field, FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { useText } from "../i18n/language";
import { resumeUploads } from "../upload/uploads";
import { ProviderButton } from "./ProviderButton";
import { isNotMe, takeUpSession, useMe } from "./session";

interface SessionEndedProps {
  onBack: () => void;
  /** Show nothing any more of what was read, and the page to sign in. */
  onLeave: () => void;
}

/** Over a page whose session is over: sign in, and go on where one was. */
export function SessionEnded({ onBack, onLeave }: SessionEndedProps) {
  const { chat, shell } = useText();
  const me = useMe();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    setBusy(true);
    setError(null);
    try {
      await post("/api/v1/auth/login", { body: { name: me.name, password } });
      await takeUpSession(client);
      onBack();
      resumeRuns(client);
      resumeUploads();
      await client.invalidateQueries({ predicate: isNotMe });
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const keep = () => keepQuestions(me.person_id);
  const leave = () => {
    keep();
    onLeave();
  };
  return (
    <Dialog title={chat.sessionEnded} onClose={leave} isKept>
      <p>{chat.sessionEndedWhy}</p>
      {error !== null && <FormError>{messageOf(error)}</FormError>}
      <ProviderButton onLeave={keep} />
      <form onSubmit={(event) => void submit(event)}>
        <Field label={shell.person} name="name" autoComplete="username" readOnly value={me.name} />
        <Field
          label={shell.password}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
        />
        <div className="dialog-actions">
          <Button kind="quiet" onClick={leave}>
            {chat.otherSignIn}
          </Button>
          <Button kind="primary" type="submit" disabled={isBusy}>
            {shell.signIn}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
