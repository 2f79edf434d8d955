/** Addresses of pages, kept in the browser's history. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

/** Be told whenever another page is gone to, or the same one again; call the result to end it. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  window.addEventListener("hashchange", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
    window.removeEventListener("hashchange", listener);
  };
}

/** Go to a page of ours; with `replace`, the present one is left out of the history. */
export function navigate(to: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  for (const listener of [...listeners]) listener();
}

/** The path of the present page. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** What stands after the # of the present page. */
export function useHash(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash.slice(1));
}

/** What a pattern like `/d/:id` finds in a path; null where it does not fit. */
export function matched(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.replace(/(.)\/$/, "$1").split("/");
  if (wanted.at(-1) === "*" ? given.length < wanted.length - 1 : given.length !== wanted.length)
    return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part === "*") return found;
    if (part.startsWith(":")) found[part.slice(1)] = given[index]!;
    else if (part !== given[index]) return null;
  }
  return found;
}
