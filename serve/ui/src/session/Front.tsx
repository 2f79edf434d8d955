import { useEffect, type ReactNode } from "react";

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
