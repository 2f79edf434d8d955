import { describe, expect, it } from "vitest";

import type { Element, Root, RootContent } from "hast";

import { rehypeMarks } from "../citations/marks";
import { answerAfter, ASKED, utf16Index } from "./answer";
import { blocksOf } from "./blocks";
import { markdownOf } from "./copying";

describe("blocksOf", () => {
  it("cuts between paragraphs and keeps every character", () => {
    const text = "# A\n\nOne.\n\nTwo\nlines.\n\n- a\n\n- b\n\n  more\n\nEnd";
    const blocks = blocksOf(text);
    expect(blocks.map((each) => each.text).join("")).toBe(text);
    expect(blocks.map((each) => each.text.trim())).toEqual([
      "# A",
      "One.",
      "Two\nlines.\n\n- a\n\n- b\n\n  more",
      "End",
    ]);
    for (const each of blocks) expect(text.startsWith(each.text, each.start)).toBe(true);
  });

  it("does not cut inside a fence", () => {
    const text = "```py\na\n\nb\n```\n\nafter";
    expect(blocksOf(text).map((each) => each.text)).toEqual(["```py\na\n\nb\n```\n\n", "after"]);
  });
});

describe("answerAfter", () => {
  it("tells the stages and keeps the text", () => {
    const hits = { type: "retrieved", language: "en", support: 1, hits: [] } as const;
    const reading = answerAfter(ASKED, [hits as never]);
    expect(reading.stage).toBe("reading");
    const queued = answerAfter(reading, [{ type: "queued", place: 2 }]);
    expect([queued.stage, queued.place]).toEqual(["queued", 2]);
    const text = [{ type: "text", delta: "a" } as const, { type: "text", delta: "b" } as const];
    expect(answerAfter(queued, text)).toMatchObject({ stage: "writing", text: "ab" });
  });
});

describe("utf16Index", () => {
  it("counts characters outside the first plane once", () => {
    expect(utf16Index("a😀b", 2)).toBe(3);
    expect(utf16Index("ab", 9)).toBe(2);
  });
});

/** What a node is and holds, for comparing. */
function outline(node: RootContent): unknown {
  if (node.type === "text") return node.value;
  return node.type === "element" ? { [node.tagName]: node.children.map(outline) } : node.type;
}

describe("rehypeMarks", () => {
  const paragraph = (value: string): Root => {
    const at = (offset: number) => ({ line: 1, column: offset + 1, offset });
    const position = { start: at(0), end: at(value.length) };
    const p = { type: "element", tagName: "p", properties: {}, children: [] } as Element;
    p.children.push({ type: "text", value, position });
    return { type: "root", children: [p] };
  };

  it("makes elements of citations and of sentences without proof", () => {
    const tree = paragraph("So good [2]. Bad one.");
    rehypeMarks({ unproved: [{ index: 0, start: 13, end: 21 }] })(tree);
    const p = tree.children[0] as Element;
    expect(p.children.map(outline)).toEqual([
      "So ",
      { span: ["good ", { cite: ["[2]"] }] },
      ". ",
      { ins: ["Bad one."] },
      { cite: [] },
    ]);
  });

  it("keeps no word with its mark that is longer than words are", () => {
    const tree = paragraph(`${"x".repeat(40)} [1][2]`);
    rehypeMarks({ unproved: [] })(tree);
    const p = tree.children[0] as Element;
    expect(p.children.map(outline)).toEqual([
      `${"x".repeat(40)} `,
      { span: [{ cite: ["[1]"] }] },
      { span: [{ cite: ["[2]"] }] },
    ]);
  });
});

describe("markdownOf", () => {
  it("has the sources, but not those that are gone", () => {
    const cited = { n: 1, available: true, document_name: "a.pdf", paged: true, page: 3 };
    const citation = { ...cited, page_label: "iii", quote: "so\nit is" } as never;
    const labels = { sources: "Sources", page: (page: string) => `p. ${page}` };
    expect(markdownOf("Yes [1].", [citation, { n: 2, available: false }], labels)).toBe(
      "Yes [1].\n\n**Sources**\n\n- [1] a.pdf, p. iii: “so it is”\n",
    );
  });
});
