import type { ReactNode } from "react";

import "./forms.css";
import "./section.css";

interface SectionProps {
  title: string;
  intro?: string;
  children: ReactNode;
}

/** A part of a page: what it is about at the side, what can be done beside it. */
export function Section({ title, intro, children }: SectionProps) {
  return (
    <section className="section">
      <header>
        <h2>{title}</h2>
        {intro && <p>{intro}</p>}
      </header>
      <div className="section-body">{children}</div>
    </section>
  );
}
