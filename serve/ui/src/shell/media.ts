/** What the window is like. */
import { useSyncExternalStore } from "react";

/** Where the source covers the other panes. */
export const COVERED = "(max-width: 1099px)";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => window.matchMedia(query).matches,
  );
}
