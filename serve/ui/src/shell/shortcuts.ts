/** Keys that do something wherever one is; each is listed in the help while it works. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** As it is shown and compared: `/`, `Escape`, `mod+k`, `mod+shift+o`. */
  keys: string;
  does: string;
}

interface Registered extends Shortcut {
  run: () => unknown;
}

let registered: readonly Registered[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Registered[]): void {
  registered = next;
  for (const listener of [...listeners]) listener();
}

/**
 * Have keys do something while a component is shown. The last one registered goes first, and when
 * `turn` changes, it is registered anew; one that returns false leaves the keys to the others. Single
 * letters rest while one writes.
 */
export function useShortcut(keys: string, does: string, run: () => unknown, turn?: unknown): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const own: Registered = { keys, does, run: () => latest.current() };
    change([...registered, own]);
    return () => change(registered.filter((each) => each !== own));
  }, [keys, does, turn]);
}

/** All shortcuts that work now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => registered,
  );
}

/** The keys as shortcuts name them; empty where they are for the browser or a menu. */
export function keysOf(event: KeyboardEvent): string {
  if (isBracket(event)) return event.key;
  if (event.altKey) return "";
  const parts = [event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (event.shiftKey && (event.ctrlKey || event.metaKey)) parts.unshift("shift");
  if (event.ctrlKey || event.metaKey) parts.unshift("mod");
  return parts.join("+");
}

/** On many keyboards it takes Option to write one, or AltGr, which Windows tells as Control and Alt. */
function isBracket(event: KeyboardEvent): boolean {
  if (event.key !== "[" && event.key !== "]") return false;
  return event.getModifierState("AltGraph") || (event.altKey && !event.ctrlKey && !event.metaKey);
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Listen for keys, for as long as the program runs. */
export function listenForShortcuts(): void {
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const keys = keysOf(event);
    if (keys.length === 1 && isWriting(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    for (const each of [...registered].reverse()) {
      if (each.keys === keys && each.run() !== false) {
        event.preventDefault();
        return;
      }
    }
  });
}
