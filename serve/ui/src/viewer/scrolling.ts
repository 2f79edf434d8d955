/** Scrolling to what is marked, and the size of what is scrolled. */
import { useLayoutEffect, useState, type RefObject } from "react";

const SETTLED_MS = 80;

interface Size {
  width: number;
  height: number;
}

/** The inner size of an element; it follows once it has come to rest. */
export function useViewSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const watched = element.current;
    if (!watched) return;
    const measure = () => setSize({ width: watched.clientWidth, height: watched.clientHeight });
    measure();
    let timer = 0;
    const observer = new ResizeObserver(() => {
      window.clearTimeout(timer);
      timer = window.setTimeout(measure, SETTLED_MS);
    });
    observer.observe(watched);
    return () => {
      window.clearTimeout(timer);
      observer.disconnect();
    };
  }, [element]);
  return size;
}

/** Scroll so that a mark, which may have several lines, stands in the upper half of the view. */
export function broughtIntoView(mark: Element, scroller: HTMLElement): void {
  const view = scroller.getBoundingClientRect();
  const at = mark.getBoundingClientRect();
  const left = at.left < view.left || at.right > view.right ? at.left - view.left - 24 : 0;
  scroller.scrollBy({ top: at.top - view.top - view.height * 0.3, left });
}
