import { AnnotationMode, TextLayer, type PDFDocumentProxy, type PDFPageProxy } from "pdfjs-dist";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type CSSProperties } from "react";

import type { Rect, Target, Words } from "./document";
import { foundOnce } from "./squash";

const MOST_CANVAS_PIXELS = 1 << 24;

export interface PdfPageProps {
  pdf: PDFDocumentProxy;
  number: number;
  label: string;
  top: number;
  left: number;
  width: number;
  height: number;
  /** What to mark, if it is on this page. */
  target: Target | null;
  /** The size of the page as it is drawn at 72 points per inch. */
  onSize: (number: number, width: number, height: number) => void;
  /** What is marked is on the page now; null where it was not found. */
  onMarked: (mark: Element | null, target: Target) => void;
}

/** A page of a PDF: its picture, the marks on it, and its text to be selected and read aloud. */
export const PdfPage = memo(function PdfPage(props: PdfPageProps) {
  const { pdf, number, label, top, left, width, height, target, onSize, onMarked } = props;
  const page = usePage(pdf, number);
  const picture = useRef<HTMLDivElement>(null);
  const words = useRef<HTMLDivElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  const [layer, setLayer] = useState<HTMLElement | null>(null);
  useEffect(() => {
    if (!page) return;
    const natural = page.getViewport({ scale: 1 });
    onSize(number, natural.width, natural.height);
  }, [page, number, onSize]);
  usePicture(page, width, picture);
  useTextLayer(page, width, words, setLayer);

  const quote = usePlaced(page, target?.quote ?? null, layer);
  const passage = usePlaced(page, target?.passage ?? null, null);
  const isLookedUp = quote !== null && passage !== null;
  useLayoutEffect(() => {
    if (!target || !isLookedUp || !(target.quote ?? target.passage)) return;
    const found = marks.current?.querySelector(target.quote ? ".mark-quote" : ".mark-passage");
    onMarked(found ?? marks.current?.querySelector(".mark-passage") ?? null, target);
  }, [target, isLookedUp, onMarked]);
  return (
    <section
      className="pdf-page"
      aria-label={label}
      data-page={number}
      style={{ top, left, width, height }}
    >
      <div ref={picture} className="pdf-picture" aria-hidden="true" />
      <div ref={marks} className="pdf-marks" aria-hidden="true">
        {passage?.map((style, index) => (
          <div key={index} className="mark mark-passage" style={style} />
        ))}
        {quote?.map((style, index) => (
          <div key={index} className="mark mark-quote" style={style} />
        ))}
      </div>
      <div ref={words} className="textLayer" />
    </section>
  );
});

function usePage(pdf: PDFDocumentProxy, number: number): PDFPageProxy | null {
  const [page, setPage] = useState<PDFPageProxy | null>(null);
  useEffect(() => {
    let isWanted = true;
    const opening = pdf.getPage(number);
    opening.then(
      (found) => isWanted && setPage(found),
      () => undefined, // A page that is damaged stays white.
    );
    return () => {
      isWanted = false;
      // Else its pictures stay decoded for as long as the document is open.
      opening.then(
        (found) => found.cleanup(),
        () => undefined,
      );
    };
  }, [pdf, number]);
  return page;
}

type Holder = React.RefObject<HTMLDivElement | null>;

/** Draw the page as wide as it is shown, and sharply; the old picture stays until then. */
function usePicture(page: PDFPageProxy | null, width: number, holder: Holder): void {
  useEffect(() => {
    if (!page) return;
    const natural = page.getViewport({ scale: 1 });
    const sharp = (width / natural.width) * window.devicePixelRatio;
    const most = Math.sqrt(MOST_CANVAS_PIXELS / (natural.width * natural.height));
    const viewport = page.getViewport({ scale: Math.min(sharp, most) });
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.floor(viewport.width));
    canvas.height = Math.max(1, Math.floor(viewport.height));
    const task = page.render({ canvas, viewport, annotationMode: AnnotationMode.ENABLE });
    task.promise.then(
      () => holder.current?.replaceChildren(canvas),
      () => undefined, // Cancelled, or damaged: it stays as it is.
    );
    return () => task.cancel();
  }, [page, width, holder]);
}

function useTextLayer(
  page: PDFPageProxy | null,
  width: number,
  holder: Holder,
  setLayer: (layer: HTMLElement | null) => void,
): void {
  useEffect(() => {
    const container = holder.current;
    if (!page || !container) return;
    const natural = page.getViewport({ scale: 1 });
    const viewport = page.getViewport({ scale: width / natural.width });
    container.replaceChildren();
    container.style.setProperty("--total-scale-factor", `${viewport.scale * viewport.userUnit}`);
    const layer = new TextLayer({
      textContentSource: page.streamTextContent({ includeMarkedContent: true }),
      container,
      viewport,
    });
    layer.render().then(
      () => setLayer(container),
      () => undefined,
    );
    return () => {
      layer.cancel();
      setLayer(null);
    };
  }, [page, width, holder, setLayer]);
}

/**
 * Where words stand, in shares of the page: by their stored rectangles, else by their wording where
 * that stands once in the text layer. Null until that is known.
 */
function usePlaced(
  page: PDFPageProxy | null,
  words: Words | null,
  layer: HTMLElement | null,
): CSSProperties[] | null {
  return useMemo(() => {
    if (!page) return null;
    if (!words) return [];
    if (words.rects.length) return stylesOf(page, words.rects);
    return layer && stylesOfWording(layer, words.text);
  }, [page, words, layer]);
}

function stylesOf(page: PDFPageProxy, rects: readonly Rect[]): CSSProperties[] {
  const viewport = page.getViewport({ scale: 1 });
  return rects.map((rect) => {
    const corners = viewport.convertToViewportRectangle(rect) as Rect;
    const [ax, ay, bx, by] = corners;
    return share(
      { left: Math.min(ax, bx), top: Math.min(ay, by), right: Math.max(ax, bx), bottom: Math.max(ay, by) },
      viewport,
    );
  });
}

function stylesOfWording(layer: HTMLElement, words: string): CSSProperties[] {
  const texts: Text[] = [];
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  const found = foundOnce(texts.map(({ data }) => data).join(""), words);
  const page = layer.parentElement?.getBoundingClientRect();
  if (!found || !page) return [];
  const styles: CSSProperties[] = [];
  let at = 0;
  for (const text of texts) {
    const start = Math.max(0, found.start - at);
    const end = Math.min(text.length, found.end - at);
    at += text.length;
    if (start >= end) continue;
    const range = document.createRange();
    range.setStart(text, start);
    range.setEnd(text, end);
    for (const rect of range.getClientRects()) {
      const { left, top, right, bottom } = rect;
      const inside = { left: left - page.left, top: top - page.top, right: right - page.left, bottom: bottom - page.top };
      styles.push(share(inside, page));
    }
  }
  return styles;
}

interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function share(
  { left, top, right, bottom }: Edges,
  { width, height }: { width: number; height: number },
): CSSProperties {
  return {
    left: `${(100 * left) / width}%`,
    top: `${(100 * top) / height}%`,
    width: `${(100 * (right - left)) / width}%`,
    height: `${(100 * (bottom - top)) / height}%`,
  };
}
