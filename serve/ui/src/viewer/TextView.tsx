import { useCallback, useLayoutEffect, useRef, useState } from "react";

import { useText } from "../i18n/language";
import type { PageOutline, ShownDocument, Target } from "./document";
import { pageLabel } from "./labels";
import { broughtIntoView } from "./scrolling";
import { TextPage } from "./TextPage";
import { Toolbar } from "./Toolbar";

interface TextViewProps {
  shown: ShownDocument;
  outlines: readonly PageOutline[];
  target: Target | null;
  onMarked: (isMarked: boolean) => void;
}

/** The stored text of a document, page below page. */
export function TextView({ shown, outlines, target, onMarked }: TextViewProps) {
  const { viewer } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(1);
  const opened = useRef<string | null>(null);
  const marked = useRef<string | null>(null);
  const goTo = useCallback((page: number) => {
    const element = sectionOf(scroller.current, page);
    if (element) scroller.current?.scrollTo({ top: element.offsetTop });
  }, []);
  const noteMarked = useCallback(
    (mark: Element | null, of: Target) => {
      if (marked.current === of.key) return;
      marked.current = of.key;
      onMarked(mark !== null);
      if (mark && scroller.current) broughtIntoView(mark, scroller.current);
    },
    [onMarked],
  );
  useLayoutEffect(() => {
    if (!target || opened.current === target.key) return;
    opened.current = target.key;
    if (marked.current !== target.key && target.page > 1) goTo(target.page);
  }, [target, goTo]);
  const follow = () => setCurrent(pageInView(scroller.current));
  const isDivided = outlines.length > 1;
  return (
    <>
      {isDivided && <Toolbar current={current} count={outlines.length} onPage={goTo} />}
      {/* It scrolls, so that the keyboard must reach it. */}
      <div
        ref={scroller}
        className={isDivided ? "viewer-scroller text-view text-divided" : "viewer-scroller text-view"}
        onScroll={follow}
        role="region"
        aria-label={viewer.content(shown.name)}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        {outlines.map((outline) => (
          <TextPage
            key={outline.number}
            shown={shown}
            outline={outline}
            scroller={scroller}
            title={pageLabel(viewer, shown, outline, outline.number)}
            target={target?.page === outline.number ? target : null}
            onMarked={noteMarked}
          />
        ))}
      </div>
    </>
  );
}

export function sectionOf(scroller: HTMLElement | null, page: number): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-page="${page}"]`) ?? null;
}

/** The page that lies a third down the view. */
export function pageInView(scroller: HTMLElement | null): number {
  if (!scroller) return 1;
  const height = scroller.scrollTop + scroller.clientHeight / 3;
  let found = 1;
  for (const each of scroller.querySelectorAll<HTMLElement>("[data-page]")) {
    if (each.offsetTop > height) break;
    found = Number(each.dataset.page);
  }
  return found;
}
