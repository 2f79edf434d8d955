/** Where the focus goes when what has it is taken away. */
import { useLayoutEffect, type RefObject } from "react";

/** Have the focus go on, to the content of the page or to `next`, where it was in what is removed. */
export function useFocusPassedOn(
  root: RefObject<HTMLElement | null>,
  next: (removed: HTMLElement) => HTMLElement | null = contentOfPage,
): void {
  useLayoutEffect(() => {
    const own = root.current;
    return () => {
      if (own?.contains(document.activeElement)) next(own)?.focus();
    };
  }, [root, next]);
}

export function contentOfPage(): HTMLElement | null {
  return document.getElementById("content");
}
