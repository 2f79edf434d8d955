import { expect, test } from "vitest";

import { matched } from "./router";

test("paths fit patterns", () => {
  expect(matched("/d/:id", "/d/7")).toEqual({ id: "7" });
  expect(matched("/d/:id", "/d/7/")).toEqual({ id: "7" });
  expect(matched("/d/:id", "/c/7")).toBeNull();
  expect(matched("/admin/*", "/admin")).toEqual({});
  expect(matched("/admin/*", "/admin/people/3")).toEqual({});
  expect(matched("/", "/")).toEqual({});
  expect(matched("/", "/c")).toBeNull();
});
