import { useEffect, type ReactNode } from "react";

import { Button } from "../components/Button";
import { useMessageOf } from "../components/messages";
import { useText } from "../i18n/language";
import { Brand } from "../shell/Brand";
import { LanguageChoice } from "../settings/LanguageChoice";
import "./session.css";

/** The frame of the pages before one is in. */
export function Front({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Cloister`;
  }, [title]);
  return (
    <div className="front">
      <header>
        <Brand />
      </header>
      <main className="front-card">
        <h1>{title}</h1>
        {children}
      </main>
      <footer>
        <LanguageChoice />
      </footer>
    </div>
  );
}

/** What keeps anybody from being let in. */
export function FrontError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { shell } = useText();
  const messageOf = useMessageOf();
  return (
    <Front title={shell.failed}>
      <p role="alert">{messageOf(error)}</p>
      <Button icon="retry" onClick={onRetry}>
        {shell.retry}
      </Button>
    </Front>
  );
}
