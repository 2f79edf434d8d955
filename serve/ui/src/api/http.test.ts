import { expect, test } from "vitest";

import { addressOf } from "./http";

test("an address has its parts encoded and leaves out what is empty", () => {
  const path = { name: "a/b" };
  const query = { q: "né", id: [1, 2], none: undefined, empty: "" };
  expect(addressOf("/x/{name}", { path, query })).toBe("/x/a%2Fb?q=n%C3%A9&id=1&id=2");
  expect(addressOf("/x", {})).toBe("/x");
});
