import {
  memo,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type RefObject,
} from "react";

import { ErrorState } from "../components/States";
import { useText } from "../i18n/language";
import { inUnits } from "./characters";
import { usePageText, type PageOutline, type ShownDocument, type Target } from "./document";
import { runsOf, textBlocks, type Mark, type Piece, type TextBlock } from "./textBlocks";

const CHARACTERS_ON_A_LINE = 70;

interface TextPageProps {
  shown: ShownDocument;
  outline: PageOutline;
  scroller: RefObject<HTMLElement | null>;
  title: string;
  target: Target | null;
  onMarked: (mark: Element | null, target: Target) => void;
}

/** The stored text of a page, fetched when it comes near, with the target marked in it. */
export const TextPage = memo(function TextPage(props: TextPageProps) {
  const { shown, outline, scroller, title, target, onMarked } = props;
  const { viewer } = useText();
  const element = useRef<HTMLElement>(null);
  const isNear = useIsNear(element, scroller) || target !== null;
  const page = usePageText(shown.id, outline.number, isNear);
  const text = page.data?.text;
  const blocks = useMemo(
    () => (page.data ? textBlocks(page.data.text, page.data.sections) : []),
    [page.data],
  );
  const marks = useMemo(() => (text === undefined ? [] : marksOf(text, target)), [text, target]);
  useLayoutEffect(() => {
    if (!target || text === undefined || !(target.quote ?? target.passage)) return;
    const found = element.current?.querySelector(target.quote ? ".text-quote" : ".text-passage");
    onMarked(found ?? null, target);
  }, [target, text, onMarked]);
  const lines = Math.ceil(outline.characters / CHARACTERS_ON_A_LINE);
  const room: CSSProperties = text === undefined ? { minHeight: `${lines * 1.7}em` } : {};
  return (
    <section ref={element} className="text-page" data-page={outline.number} style={room}>
      <h3 className="text-page-title">{title}</h3>
      {page.isError && <ErrorState error={page.error} onRetry={() => void page.refetch()} />}
      {text === "" && <p className="text-empty">{viewer.emptyPage}</p>}
      {blocks.map((block) => (
        <Block key={block.start} block={block} marks={marks} />
      ))}
    </section>
  );
});

function useIsNear(
  element: RefObject<HTMLElement | null>,
  scroller: RefObject<HTMLElement | null>,
): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    if (!element.current || isNear) return;
    const observer = new IntersectionObserver(
      (seen) => seen.some((each) => each.isIntersecting) && setNear(true),
      { root: scroller.current, rootMargin: "100%" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, scroller, isNear]);
  return isNear;
}

function marksOf(text: string, target: Target | null): Mark[] {
  const marks: Mark[] = [];
  if (target?.passage) marks.push({ ...inUnits(text, target.passage.span), tone: "passage" });
  if (target?.quote) marks.push({ ...inUnits(text, target.quote.span), tone: "quote" });
  return marks;
}

interface Marked {
  marks: readonly Mark[];
}

function Block({ block, marks }: { block: TextBlock } & Marked) {
  if (block.kind === "table") return <TextTable rows={block.rows} marks={marks} />;
  const runs = <Runs piece={block} marks={marks} />;
  if (block.kind === "paragraph") return <p dir="auto">{runs}</p>;
  return (
    <h4 dir="auto" className={`text-heading text-heading-${Math.min(block.level, 3)}`}>
      {runs}
    </h4>
  );
}

function TextTable({ rows, marks }: { rows: Piece[][] } & Marked) {
  const columns = Math.max(...rows.map((row) => row.length));
  return (
    <div className="text-table-frame">
      <table className="text-table" dir="auto">
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]?.start}>
              {row.map((cell, index) => (
                <td key={cell.start} colSpan={index === row.length - 1 ? columns - index : 1}>
                  <Runs piece={cell} marks={marks} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Runs({ piece, marks }: { piece: Piece } & Marked) {
  return runsOf(piece, marks).map(({ text, tone }, index) => {
    if (tone === "quote")
      return (
        <mark key={index} className="text-quote">
          {text}
        </mark>
      );
    return tone ? (
      <span key={index} className="text-passage">
        {text}
      </span>
    ) : (
      text
    );
  });
}
