/** Where an answer's text has citations and sentences without proof, as elements of their own. */
import type { Element, ElementContent, Root, RootContent, Text } from "hast";

/** From `start` to `end` of the text of a block, the sentence has nothing to show for it. */
export interface Unproved {
  index: number;
  start: number;
  end: number;
}

interface Options {
  unproved: readonly Unproved[];
}

const CITED = /\[(\d{1,4})\]/g;

/** What stays on one line with the mark behind it, if it is no longer than words are. */
const LAST_WORD = /(?<!\S)\S{1,24} ?$/;

/**
 * A rehype plugin: `[3]` becomes `<cite data-n="3">`, unproved sentences stand in `<ins>` and end
 * with `<cite data-unproved="0">`. Run it after sanitizing: nothing else makes such elements.
 */
export function rehypeMarks({ unproved }: Options) {
  return (tree: Root) => walk(tree, unproved);
}

function walk(parent: Root | Element, unproved: readonly Unproved[]): void {
  if (parent.type === "element" && ["code", "pre"].includes(parent.tagName)) return;
  const children: readonly RootContent[] = parent.children;
  parent.children = children.flatMap((child): RootContent[] => {
    if (child.type === "text") return marked(child, unproved);
    if (child.type === "element") walk(child, unproved);
    return [child];
  }) as Element["children"];
}

function marked(text: Text, unproved: readonly Unproved[]): ElementContent[] {
  const start = text.position?.start.offset ?? -1;
  const pieces: ElementContent[] = [];
  let from = 0;
  for (const each of unproved) {
    const first = clamp(each.start - start, from, text.value.length);
    const last = clamp(each.end - start, first, text.value.length);
    if (start < 0 || last === first) continue;
    pieces.push(...cited(text.value.slice(from, first)));
    pieces.push(element("ins", {}, cited(text.value.slice(first, last))));
    if (each.end - start <= text.value.length)
      pieces.push(element("cite", { dataUnproved: each.index }, []));
    from = last;
  }
  return [...pieces, ...cited(text.value.slice(from))];
}

function cited(value: string): ElementContent[] {
  const pieces: ElementContent[] = [];
  let from = 0;
  for (const found of value.matchAll(CITED)) {
    const before = value.slice(from, found.index);
    const word = LAST_WORD.exec(before)?.[0] ?? "";
    const mark = element("cite", { dataN: Number(found[1]) }, textOf(found[0]));
    pieces.push(...textOf(before.slice(0, before.length - word.length)));
    pieces.push(element("span", { className: "cited-word" }, [...textOf(word), mark]));
    from = found.index + found[0].length;
  }
  return [...pieces, ...textOf(value.slice(from))];
}

function textOf(value: string): Text[] {
  return value ? [{ type: "text", value }] : [];
}

function element(
  tagName: string,
  properties: Record<string, number | string>,
  children: ElementContent[],
): Element {
  return { type: "element", tagName, properties, children };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
