import type { ReactNode } from "react";

import "./badge.css";

export type Tone = "plain" | "good" | "warning" | "danger";

/** A word or two on how something is. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}
