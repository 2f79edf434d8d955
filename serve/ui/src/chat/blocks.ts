/** Markdown in pieces that stay as they are once another begins, so that they are parsed once. */
export interface Block {
  start: number;
  text: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const GOES_ON = /^(?:\s|[-*+] |\d{1,9}[.)] )/;

/** The blocks of a text; together they are the text. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let start = 0;
  let at = 0;
  let fence = "";
  let isAfterBlank = false;
  for (const line of text.split(/(?<=\n)/)) {
    const opened = FENCE.exec(line)?.[1] ?? "";
    if (isAfterBlank && !fence && line.trim() && !GOES_ON.test(line)) {
      blocks.push({ start, text: text.slice(start, at) });
      start = at;
    }
    if (opened && (!fence || opened.startsWith(fence))) fence = fence ? "" : opened;
    isAfterBlank = line.trim() === "";
    at += line.length;
  }
  if (at > start) blocks.push({ start, text: text.slice(start) });
  return blocks;
}
