import { useCallback, useLayoutEffect, useRef, useState, type CSSProperties } from "react";

import { useText } from "../i18n/language";
import type { PageOutline, Rect, ShownDocument, Target, Words } from "./document";
import { broughtIntoView } from "./scrolling";
import { pageInView, sectionOf } from "./TextView";
import { Toolbar } from "./Toolbar";

const SHOWN_AS_THEY_ARE = ["image/png", "image/jpeg"];
const WIDEST_FIT = 960;
const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];

interface ImageViewProps {
  shown: ShownDocument;
  outlines: readonly PageOutline[];
  target: Target | null;
  onFailure: (failure: "picture") => void;
  onMarked: (isMarked: boolean) => void;
}

/** An image that was read by OCR, with the target marked on it. */
export function ImageView({ shown, outlines, target, onFailure, onMarked }: ImageViewProps) {
  const { viewer } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const [current, setCurrent] = useState(1);
  const goTo = useCallback((page: number) => {
    const element = sectionOf(scroller.current, page);
    if (element) scroller.current?.scrollTo({ top: element.offsetTop - 8 });
  }, []);
  useLayoutEffect(() => {
    if (!target || !scroller.current) return;
    goTo(target.page);
    const mark = scroller.current.querySelector(".mark-quote, .mark-passage");
    if (target.quote ?? target.passage) onMarked(mark !== null);
    if (mark) broughtIntoView(mark, scroller.current);
  }, [target, goTo, onMarked]);
  return (
    <>
      <Toolbar
        current={current}
        count={outlines.length}
        onPage={goTo}
        zooms={ZOOMS}
        zoom={zoom}
        onZoom={setZoom}
      />
      {/* It scrolls, so that the keyboard must reach it. */}
      <div
        ref={scroller}
        className="viewer-scroller image-view"
        onScroll={() => setCurrent(pageInView(scroller.current))}
        role="region"
        aria-label={viewer.content(shown.name)}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        {outlines.map((outline) => (
          <Picture
            key={outline.number}
            shown={shown}
            outline={outline}
            zoom={zoom}
            target={target?.page === outline.number ? target : null}
            onFailure={onFailure}
          />
        ))}
      </div>
    </>
  );
}

interface PictureProps extends Pick<ImageViewProps, "shown" | "target" | "onFailure"> {
  outline: PageOutline;
  zoom: number;
}

function Picture({ shown, outline, zoom, target, onFailure }: PictureProps) {
  const { viewer } = useText();
  const isPlain = SHOWN_AS_THEY_ARE.includes(shown.media_type);
  const base = `/api/v1/documents/${shown.id}`;
  const size: CSSProperties = {
    width: `calc(${zoom} * min(100%, ${WIDEST_FIT}px))`,
    aspectRatio: `${outline.width} / ${outline.height}`,
  };
  return (
    <div className="image-page" data-page={outline.number} style={size}>
      <img
        src={isPlain ? `${base}/content` : `${base}/pages/${outline.number}/image`}
        alt={viewer.pageImage(outline.label || `${outline.number}`, shown.name)}
        loading={outline.number > 1 ? "lazy" : "eager"}
        onError={() => onFailure("picture")}
      />
      <Marks words={target?.passage ?? null} tone="passage" outline={outline} />
      <Marks words={target?.quote ?? null} tone="quote" outline={outline} />
    </div>
  );
}

interface MarksProps {
  words: Words | null;
  tone: "passage" | "quote";
  outline: PageOutline;
}

function Marks({ words, tone, outline }: MarksProps) {
  return words?.rects.map((rect, index) => (
    <div key={index} className={`mark mark-${tone}`} style={shareOf(rect, outline)} />
  ));
}

function shareOf([x0, y0, x1, y1]: Rect, { width, height }: PageOutline): CSSProperties {
  return {
    left: `${(100 * x0) / width}%`,
    top: `${(100 * (height - y1)) / height}%`,
    width: `${(100 * (x1 - x0)) / width}%`,
    height: `${(100 * (y1 - y0)) / height}%`,
  };
}
