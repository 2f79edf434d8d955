import { describe, expect, it } from "vitest";

import { inUnits } from "./characters";
import { addressOfPlace, placeOf } from "./place";
import { foundOnce } from "./squash";
import { runsOf, textBlocks } from "./textBlocks";

describe("the place in an address", () => {
  it("has page, passage and words", () => {
    const place = placeOf("page=3&c=41&s=120-184");
    expect(place).toEqual({ page: 3, chunkId: 41, span: { start: 120, end: 184 } });
    expect(addressOfPlace(7, place)).toBe("/d/7#page=3&c=41&s=120-184");
  });
  it("is the first page where it makes no sense", () => {
    for (const hash of ["", "page=0", "page=-1&c=x&s=9-4", "page=1e9&s=1-", "s=-"])
      expect(placeOf(hash)).toEqual({ page: 1, chunkId: null, span: null });
  });
});

describe("spans of the server", () => {
  it("count characters, not UTF-16 units", () => {
    const text = "🜁 air and 🜂 fire";
    const { start, end } = inUnits(text, { start: 10, end: 16 });
    expect(text.slice(start, end)).toBe("🜂 fire");
  });
});

describe("words that programs write differently", () => {
  it("are found across line ends, ligatures and hyphens", () => {
    const text = "the ofﬁce opens at ten, even in win-\nter months";
    const found = foundOnce(text, "Office opens  at ten, even in winter");
    expect(found && text.slice(found.start, found.end)).toBe("ofﬁce opens at ten, even in win-\nter");
  });
  it("are not guessed at", () => {
    expect(foundOnce("one fish, two fish", "fish")).toBeNull();
    expect(foundOnce("one fish", "two")).toBeNull();
    expect(foundOnce("one fish", "...")).toBeNull();
  });
});

describe("a page's text", () => {
  const text = "Leave\n\nThirty days\na year.\n\nName | Days\nAda | 30\n\nEnd";
  const blocks = textBlocks(text, [{ start: 0, section: ["Leave"] }]);
  it("has headings, paragraphs and tables", () => {
    expect(blocks.map(({ kind }) => kind)).toEqual(["heading", "paragraph", "table", "paragraph"]);
    const [, paragraph, table] = blocks;
    expect(paragraph).toMatchObject({ text: "Thirty days\na year.", start: 7 });
    if (table?.kind !== "table") throw new Error("no table");
    expect(table.rows.map((row) => row.map((cell) => cell.text))).toEqual([
      ["Name", "Days"],
      ["Ada", "30"],
    ]);
    for (const cell of table.rows.flat())
      expect(text.slice(cell.start, cell.start + cell.text.length)).toBe(cell.text);
  });
  it("is cut where marks begin and end", () => {
    const marks = [
      { start: 0, end: 11, tone: "passage" as const },
      { start: 4, end: 7, tone: "quote" as const },
    ];
    expect(runsOf({ start: 2, text: "cdefghijklmn" }, marks)).toEqual([
      { text: "cd", tone: "passage" },
      { text: "efg", tone: "quote" },
      { text: "hijk", tone: "passage" },
      { text: "lmn", tone: null },
    ]);
  });
});
