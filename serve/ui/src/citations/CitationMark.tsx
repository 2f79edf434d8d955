import type { Citation } from "../api/types";
import { isQuoted, type Quoted } from "../chat/answer";
import { useText } from "../i18n/language";
import { useSource } from "../shell/source";
import { HoverCard } from "./HoverCard";
import { sourceOf, useCited } from "./shown";

interface MarkProps {
  "data-n"?: number;
  "data-unproved"?: number;
  children?: unknown;
}

/** What stands for a `<cite>` of ours in an answer: a citation, or a sentence without proof. */
export function CitationMark(props: MarkProps) {
  if (props["data-unproved"] !== undefined) return <UnprovedMark index={props["data-unproved"]} />;
  return <CitationChip n={Number(props["data-n"])} />;
}

function CitationChip({ n }: { n: number }) {
  const { chat } = useText();
  const cited = useCited();
  const { citations } = cited;
  const { open, source } = useSource();
  const citation = citations.find((each) => each.n === n);
  if (!citation) return <>[{n}]</>;
  if (!isQuoted(citation)) {
    return (
      <HoverCard label={chat.citationGone(n)} className="chip chip-gone" shown={n}>
        <span className="card-note">{chat.sourceGone}</span>
      </HoverCard>
    );
  }
  const isNear = citation.verdict === "approximate";
  const isOpen = isSame(source?.citation, citation);
  return (
    <HoverCard
      label={isNear ? chat.citationNear(n, citation.document_name) : chat.citation(n, citation.document_name)}
      className={`chip${isNear ? " chip-near" : ""}${isOpen ? " chip-open" : ""}`}
      shown={isNear ? `≈${n}` : n}
      onClick={() => open(sourceOf(citation, cited))}
    >
      <CitationPreview citation={citation} />
    </HoverCard>
  );
}

/** Whether it is the same citation: once an answer is stored, its citations are others. */
function isSame(opened: Citation | undefined, own: Quoted): boolean {
  return (
    opened?.n === own.n && opened.chunk_id === own.chunk_id && opened.quote === own.quote
  );
}

export function CitationPreview({ citation }: { citation: Quoted }) {
  const { chat } = useText();
  return (
    <>
      <span className="card-title">{citation.document_name}</span>
      {citation.paged && (
        <span className="card-page">{chat.page(citation.page_label || String(citation.page))}</span>
      )}
      <q className="card-quote" dir="auto">
        {citation.quote}
      </q>
      {citation.verdict === "approximate" && <span className="card-note">{chat.approximate}</span>}
      {citation.verdict === "relinked" && <span className="card-note">{chat.relinked}</span>}
    </>
  );
}

function UnprovedMark({ index }: { index: number }) {
  const { chat } = useText();
  const { struck } = useCited();
  return (
    <HoverCard label={chat.unproved} className="chip chip-unproved" shown={chat.unproved}>
      <span className="card-note">{chat.unprovedWhy}</span>
      {struck[index] && (
        <del className="card-quote" dir="auto">
          {struck[index].quote}
        </del>
      )}
    </HoverCard>
  );
}
