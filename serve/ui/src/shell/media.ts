/** What the window is like. */
import { useSyncExternalStore } from "react";

/** Where one pane covers the others. */
export const NARROW = "(max-width: 800px)";

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
