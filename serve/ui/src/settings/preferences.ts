/** What a person has chosen, kept in this browser. */
import { useSyncExternalStore } from "react";

import type { AnswerLanguage } from "./answerLanguage";

export interface Preferences {
  language: string;
  answerLanguage: AnswerLanguage;
  theme: "system" | "light" | "dark";
  textSize: "normal" | "large" | "larger";
}

const listeners = new Set<() => void>();

/** A choice; null where there is none, or the browser keeps nothing. */
export function kept<K extends keyof Preferences>(name: K): Preferences[K] | null {
  try {
    return window.localStorage.getItem(`cloister.${name}`) as Preferences[K] | null;
  } catch {
    return null;
  }
}

export function keep<K extends keyof Preferences>(name: K, value: Preferences[K]): void {
  try {
    window.localStorage.setItem(`cloister.${name}`, value);
  } catch {
    // It holds for this page then.
  }
  applyLook(name === "theme" || name === "textSize" ? { [name]: value } : {});
  for (const listener of [...listeners]) listener();
}

/** A choice that a component follows. */
export function usePreference<K extends keyof Preferences>(
  name: K,
  otherwise: Preferences[K],
): Preferences[K] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => kept(name) ?? otherwise,
  );
}

/** Have the page look as it was chosen; styles/tokens.css says what that means. */
export function applyLook(chosen: Partial<Preferences> = {}): void {
  const root = document.documentElement.dataset;
  root.theme = chosen.theme ?? kept("theme") ?? "system";
  root.textSize = chosen.textSize ?? kept("textSize") ?? "normal";
}
