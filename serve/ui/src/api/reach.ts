/** Whether our server answers, by what became of the last request: a browser knows only of its network. */
import { useSyncExternalStore } from "react";

let isLost = false;
const listeners = new Set<() => void>();

/** Have it known that a request has been answered, or that none came through. */
export function noteReach(isAnswered: boolean): void {
  if (isLost === !isAnswered) return;
  isLost = !isAnswered;
  for (const listener of [...listeners]) listener();
}

/** Whether the last request found no server. */
export function useIsLost(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isLost,
  );
}
