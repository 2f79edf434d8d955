/** Questions that are not asked yet, and what they are to be asked of; kept for this window. */
import { useCallback, useEffect, useState } from "react";

export interface Draft {
  text: string;
  /** Ids of collections; null while nothing was chosen here. */
  collections: number[] | null;
}

const EMPTY: Draft = { text: "", collections: null };

export function draftKey(personId: number | null, conversationId: number | null): string {
  return `cloister.draft.${personId ?? 0}.${conversationId ?? "new"}`;
}

export function keptDraft(key: string): Draft {
  try {
    const kept: unknown = JSON.parse(window.sessionStorage.getItem(key) ?? "null");
    return kept && typeof kept === "object" ? { ...EMPTY, ...kept } : EMPTY;
  } catch {
    return EMPTY;
  }
}

export function keepDraft(key: string, draft: Draft): void {
  try {
    if (draft.text || draft.collections) window.sessionStorage.setItem(key, JSON.stringify(draft));
    else window.sessionStorage.removeItem(key);
  } catch {
    // It holds until the page is left, then.
  }
}

/** The draft with a question that was asked in vain before its words. */
export function takenBack(draft: Draft, question: string): Draft {
  if (draft.text.startsWith(question)) return draft;
  return { ...draft, text: [question, draft.text].filter(Boolean).join("\n\n") };
}

interface KeptDraft {
  draft: Draft;
  change: (change: Partial<Draft>) => void;
  takeBack: (question: string) => void;
}

/** A draft that outlives the page; the component that uses it must be keyed by the conversation. */
export function useDraft(key: string): KeptDraft {
  const [draft, setDraft] = useState(() => keptDraft(key));
  useEffect(() => keepDraft(key, draft), [key, draft]);
  const change = (changed: Partial<Draft>) => setDraft((now) => ({ ...now, ...changed }));
  const takeBack = useCallback((question: string) => setDraft((now) => takenBack(now, question)), []);
  return { draft, change, takeBack };
}
