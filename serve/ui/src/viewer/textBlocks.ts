/** The stored text of a page as what a reader sees: paragraphs, headings, tables. */

export interface Piece {
  start: number;
  text: string;
}

export type TextBlock =
  | ({ kind: "paragraph" } & Piece)
  | ({ kind: "heading"; level: number } & Piece)
  | { kind: "table"; start: number; rows: Piece[][] };

export interface Section {
  start: number;
  section: readonly string[];
}

const CELL_BORDER = " | ";

/** The blocks of a text in their order; each piece says where in the text it begins. */
export function textBlocks(text: string, sections: readonly Section[]): TextBlock[] {
  const blocks: TextBlock[] = [];
  let paragraph: Piece | null = null;
  let table: Piece[][] | null = null;
  const titles = new Map(sections.flatMap(({ section }) => section.map((each, at) => [each, at])));
  for (const line of linesOf(text)) {
    const isRow = line.text.includes(CELL_BORDER);
    if (!line.text.trim() || isRow !== (table !== null)) {
      paragraph = null;
      table = null;
    }
    if (!line.text.trim()) continue;
    if (isRow) {
      if (!table) {
        table = [];
        blocks.push({ kind: "table", start: line.start, rows: table });
      }
      table.push(cellsOf(line));
    } else if (paragraph) {
      paragraph.text = text.slice(paragraph.start, line.start + line.text.length);
    } else {
      const depth = titles.get(line.text.trim());
      const isAlone = endsBlock(text, line.start + line.text.length);
      if (depth !== undefined && isAlone) blocks.push({ kind: "heading", level: depth, ...line });
      else {
        paragraph = line;
        blocks.push(Object.assign(paragraph, { kind: "paragraph" as const }));
      }
    }
  }
  return blocks;
}

function* linesOf(text: string): Generator<Piece> {
  let start = 0;
  while (start <= text.length) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end);
    yield { start, text: line };
    start += line.length + 1;
  }
}

function endsBlock(text: string, end: number): boolean {
  return end >= text.length || text.startsWith("\n\n", end) || text.indexOf("\n", end) < 0;
}

function cellsOf(line: Piece): Piece[] {
  const cells: Piece[] = [];
  let start = line.start;
  for (const text of line.text.split(CELL_BORDER)) {
    cells.push({ start, text });
    start += text.length + CELL_BORDER.length;
  }
  return cells;
}

export interface Mark {
  start: number;
  end: number;
  tone: "passage" | "quote";
}

export interface Run {
  text: string;
  tone: Mark["tone"] | null;
}

/** A piece cut where marks begin and end; a quote goes before the passage that it stands in. */
export function runsOf({ start, text }: Piece, marks: readonly Mark[]): Run[] {
  const end = start + text.length;
  const cuts = new Set([start, end]);
  for (const mark of marks)
    for (const cut of [mark.start, mark.end]) if (cut > start && cut < end) cuts.add(cut);
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((from, index) => {
    const to = sorted[index + 1] ?? end;
    return { text: text.slice(from - start, to - start), tone: toneAt(from, to, marks) };
  });
}

function toneAt(from: number, to: number, marks: readonly Mark[]): Mark["tone"] | null {
  const over = marks.filter((mark) => mark.start <= from && to <= mark.end && from < to);
  if (over.some(({ tone }) => tone === "quote")) return "quote";
  return over.length ? "passage" : null;
}
