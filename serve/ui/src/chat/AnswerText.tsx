import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { memo, useMemo } from "react";
import Markdown, { type Components, type Options } from "react-markdown";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import type { Processor } from "unified";

import { CitationMark } from "../citations/CitationMark";
import { rehypeMarks, type Unproved } from "../citations/marks";
import { CitedProvider } from "../citations/shown";
import { utf16Index, type Answer } from "./answer";
import { blocksOf } from "./blocks";
import { OuterLink } from "./OuterLink";
import { Scrolling } from "./Scrolling";

const NO_PICTURES = new Set(["img", "picture", "source", "input"]);
const SCHEMA = {
  ...defaultSchema,
  tagNames: defaultSchema.tagNames?.filter((each) => !NO_PICTURES.has(each)) ?? [],
};
const COMPONENTS = { a: OuterLink, cite: CitationMark, pre: Scrolling, table: Scrolling.Table };
const PLUGINS: Options["remarkPlugins"] = [tablesAndMore];

/** Extensions of Markdown are read only: what writes them would be a sixth of this part. */
function tablesAndMore(this: Processor): void {
  const data = this.data() as { micromarkExtensions?: unknown[]; fromMarkdownExtensions?: unknown[] };
  // A definition like `[1]: address` would make a link of a citation.
  (data.micromarkExtensions ??= []).push(gfm(), { disable: { null: ["definition"] } });
  (data.fromMarkdownExtensions ??= []).push(gfmFromMarkdown());
}

interface AnswerTextProps {
  answer: Answer;
  turnId: number | null;
}

/** The text of an answer with its citations. Hostile as any model's: no HTML, no pictures. */
export default function AnswerText({ answer, turnId }: AnswerTextProps) {
  const { text, citations, struck, language } = answer;
  const cited = useMemo(() => ({ citations, struck, turnId }), [citations, struck, turnId]);
  const unproved = struck.map(({ start, end }, index) => ({
    index,
    start: utf16Index(text, start),
    end: utf16Index(text, end),
  }));
  return (
    <CitedProvider value={cited}>
      <div className="prose" dir="auto" lang={language || undefined} aria-live="off">
        {blocksOf(text).map((block) => (
          <AnswerBlock
            key={block.start}
            text={block.text}
            unproved={JSON.stringify(inBlock(unproved, block.start, block.text.length))}
          />
        ))}
      </div>
    </CitedProvider>
  );
}

interface AnswerBlockProps {
  text: string;
  /** As JSON, so that what is the same compares as such. */
  unproved: string;
}

const AnswerBlock = memo(function AnswerBlock({ text, unproved }: AnswerBlockProps) {
  const marks = { unproved: JSON.parse(unproved) as Unproved[] };
  return (
    <Markdown
      remarkPlugins={PLUGINS}
      rehypePlugins={[
        [rehypeSanitize, SCHEMA],
        [rehypeMarks, marks],
      ]}
      components={COMPONENTS as Components}
    >
      {text}
    </Markdown>
  );
});

function inBlock(unproved: readonly Unproved[], start: number, length: number): Unproved[] {
  return unproved
    .map((each) => ({ ...each, start: each.start - start, end: each.end - start }))
    .filter((each) => each.end > 0 && each.start < length);
}
