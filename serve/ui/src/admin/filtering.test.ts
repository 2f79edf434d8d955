import { expect, test } from "vitest";

import { named } from "./filtering";

const PEOPLE = [{ name: "Rémi" }, { name: "Ada" }, { name: "Zoë Lemaître" }];

test.each([
  ["", ["Rémi", "Ada", "Zoë Lemaître"]],
  ["remi", ["Rémi"]],
  ["LEMAI", ["Zoë Lemaître"]],
  [" zoe ", ["Zoë Lemaître"]],
  ["nobody", []],
])("by %j are found %j", (words, found) => {
  expect(named(PEOPLE, words).map((each) => each.name)).toEqual(found);
});
