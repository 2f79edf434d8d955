import { expect, test } from "vitest";

import { problems as english } from "./en/problems";
import { problems as french } from "./fr/problems";

test("a wait of one second is told as one", () => {
  expect(english.tooManyAttempts(1)).toContain("in 1 second.");
  expect(english.tooManyAttempts(90)).toContain("in 90 seconds.");
  expect(french.tooManyAttempts(1)).toContain("dans 1 seconde.");
  expect(french.tooManyAttempts(90)).toContain("dans 90 secondes.");
});
