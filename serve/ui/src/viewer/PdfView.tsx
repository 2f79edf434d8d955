import type { PDFDocumentProxy } from "pdfjs-dist";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { Spinner } from "../components/States";
import { useText } from "../i18n/language";
import type { PageOutline, ShownDocument, Target } from "./document";
import {
  anchorAt,
  heightOf,
  pageAt,
  placedPages,
  wholeHeight,
  type Anchor,
  type PageSize,
} from "./layout";
import { usePdf, type PdfFailure } from "./pdf";
import { PdfPage } from "./PdfPage";
import { pageLabel } from "./labels";
import { TextPage } from "./TextPage";
import { broughtIntoView, useViewSize } from "./scrolling";
import { Toolbar } from "./Toolbar";
import "./pdf.css";

const A4: PageSize = { width: 595, height: 842 };
const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];

interface PdfViewProps {
  shown: ShownDocument;
  outlines: readonly PageOutline[];
  target: Target | null;
  onFailure: (failure: PdfFailure) => void;
  onMarked: (isMarked: boolean) => void;
}

/** A PDF as pdf.js draws it, page below page; only those in view are drawn. */
export default function PdfView({ shown, outlines, target, onFailure, onMarked }: PdfViewProps) {
  const { viewer } = useText();
  const { pdf, failure } = usePdf(shown.id);
  useEffect(() => {
    if (failure) onFailure(failure);
  }, [failure, onFailure]);
  if (!pdf) return <Spinner label={viewer.loading} />;
  return <Pages key={shown.id} {...{ pdf, shown, outlines, target, onMarked }} />;
}

interface PagesProps extends Omit<PdfViewProps, "onFailure"> {
  pdf: PDFDocumentProxy;
}

function Pages({ pdf, shown, outlines, target, onMarked }: PagesProps) {
  const { viewer } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const [sizes, setSizes] = useState(() => sizesOf(pdf.numPages, outlines));
  const view = useViewSize(scroller);
  const [top, setTop] = useState(0);
  const pages = useMemo(() => placedPages(sizes, view.width, zoom), [sizes, view.width, zoom]);
  const anchor = useRef<Anchor>({ page: 0, share: 0 });
  const opened = useRef<string | null>(null);
  const marked = useRef<{ key: string; isFound: boolean } | null>(null);

  const noteSize = useCallback((number: number, width: number, height: number) => {
    setSizes((now) => {
      const known = now[number - 1];
      const ratio = known ? (known.height / known.width) * (width / height) : 1;
      if (Math.abs(ratio - 1) < 0.002) return now;
      return now.map((size, index) => (index === number - 1 ? { width, height } : size));
    });
  }, []);
  // The scroll event comes a moment late: pages may have other sizes by then.
  const noteAnchor = useCallback(() => {
    if (scroller.current) anchor.current = anchorAt(pages, scroller.current.scrollTop);
  }, [pages]);
  const goTo = useCallback(
    (page: number) => {
      const at = pages[Math.min(Math.max(page, 1), pages.length) - 1];
      if (at) scroller.current?.scrollTo({ top: at.top - 8 });
      noteAnchor();
    },
    [pages, noteAnchor],
  );
  const noteMarked = useCallback(
    (mark: Element | null, of: Target) => {
      if (marked.current?.key === of.key) return;
      marked.current = { key: of.key, isFound: mark !== null };
      onMarked(mark !== null);
      if (mark && scroller.current) broughtIntoView(mark, scroller.current);
      noteAnchor();
    },
    [onMarked, noteAnchor],
  );

  // After a change of sizes, what was at the top is there again.
  useLayoutEffect(() => {
    if (scroller.current && view.width) scroller.current.scrollTop = heightOf(pages, anchor.current);
  }, [pages, view.width]);
  useLayoutEffect(() => {
    if (!target || !view.width || opened.current === target.key) return;
    opened.current = target.key;
    if (marked.current?.key !== target.key) marked.current = null;
    // On a page that is drawn already, the words are in view by now.
    if (!marked.current?.isFound && target.page <= pdf.numPages) goTo(target.page);
  }, [target, view.width, goTo, pdf]);
  const follow = () => {
    noteAnchor();
    setTop(scroller.current?.scrollTop ?? 0);
  };

  const first = Math.max(0, pageAt(pages, top) - 1);
  const last = Math.min(pages.length - 1, pageAt(pages, top + view.height) + 1);
  const current = pageAt(pages, top + view.height * 0.4) + 1;
  const inner = Math.max(view.width, (pages[0]?.width ?? 0) + 2 * 16);
  const near = pages.slice(first, last + 1).map((page, index) => ({ page, number: first + index + 1 }));
  const attached = outlines.filter(({ number }) => number > pdf.numPages);
  return (
    <>
      <Toolbar
        current={current}
        count={pdf.numPages}
        onPage={goTo}
        zooms={ZOOMS}
        zoom={zoom}
        onZoom={setZoom}
      />
      {/* It scrolls, so that the keyboard must reach it. */}
      <div
        ref={scroller}
        className="viewer-scroller pdf-scroller"
        onScroll={follow}
        role="region"
        aria-label={viewer.content(shown.name)}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <div className="pdf-pages" style={{ height: wholeHeight(pages), width: inner }}>
          {view.width > 0 &&
            near.map(({ page, number }) => (
              <PdfPage
                key={number}
                pdf={pdf}
                number={number}
                label={pageLabel(viewer, shown, outlines[number - 1], number)}
                top={page.top}
                left={(inner - page.width) / 2}
                width={page.width}
                height={page.height}
                target={target?.page === number ? target : null}
                onSize={noteSize}
                onMarked={noteMarked}
              />
            ))}
        </div>
        {attached.map((outline) => (
          <TextPage
            key={outline.number}
            shown={shown}
            outline={outline}
            scroller={scroller}
            title={viewer.attached(outline.label)}
            target={target?.page === outline.number ? target : null}
            onMarked={noteMarked}
          />
        ))}
      </div>
    </>
  );
}

function sizesOf(count: number, outlines: readonly PageOutline[]): PageSize[] {
  return Array.from({ length: count }, (_, index) => {
    const { width = 0, height = 0, rotation = 0 } = outlines[index] ?? {};
    if (!(width > 0 && height > 0)) return A4;
    return rotation % 180 ? { width: height, height: width } : { width, height };
  });
}
