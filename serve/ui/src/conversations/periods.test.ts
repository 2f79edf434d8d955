import { expect, it } from "vitest";

import { byPeriod, periodOf } from "./periods";

const NOW = new Date(2026, 10, 23, 0, 30);

it.each([
  [new Date(2026, 10, 23, 0, 0), "today"],
  [new Date(2026, 10, 22, 23, 59), "yesterday"],
  [new Date(2026, 10, 21, 23, 59), "week"],
  [new Date(2026, 10, 1), "month"],
  [new Date(2025, 10, 23), "older"],
])("%s was %s", (moment, period) => {
  expect(periodOf(moment, NOW)).toBe(period);
});

it("leaves out periods without any", () => {
  const moments = [new Date(2020, 0, 1), NOW];
  expect(byPeriod(moments, (each) => each, NOW).map(([period]) => period)).toEqual([
    "today",
    "older",
  ]);
});
