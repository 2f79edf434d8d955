import { expect, test } from "vitest";

import { strengthOf } from "./strength";

test.each([
  ["", "short"],
  ["correcthors", "short"],
  ["e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "short"],
  ["aaaaaaaaaaaaaaaaaaaaaaaaa", "fair"],
  ["correct horse", "fair"],
  ["correct horse bat", "good"],
  ["quartz lantern ferry moss", "strong"],
])("the strength of %j is %s", (password, strength) => {
  expect(strengthOf(password)).toBe(strength);
});
