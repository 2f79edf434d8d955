import { expect, test } from "vitest";

import { keysOf } from "./shortcuts";

function pressed(key: string, ...modifiers: string[]): KeyboardEvent {
  const has = (each: string) => modifiers.includes(each);
  return {
    key,
    altKey: has("Alt"),
    ctrlKey: has("Control"),
    metaKey: has("Meta"),
    shiftKey: has("Shift"),
    getModifierState: has,
  } as unknown as KeyboardEvent;
}

test("keys are named as shortcuts name them", () => {
  expect(keysOf(pressed("K", "Control"))).toBe("mod+k");
  expect(keysOf(pressed("O", "Meta", "Shift"))).toBe("mod+shift+o");
  expect(keysOf(pressed("?", "Shift"))).toBe("?");
  expect(keysOf(pressed("f", "Alt"))).toBe("");
});

test("brackets count however a keyboard writes them", () => {
  expect(keysOf(pressed("["))).toBe("[");
  expect(keysOf(pressed("[", "AltGraph"))).toBe("[");
  expect(keysOf(pressed("]", "AltGraph", "Control", "Alt"))).toBe("]");
  expect(keysOf(pressed("]", "Alt"))).toBe("]");
  expect(keysOf(pressed("]", "Alt", "Control"))).toBe("");
  expect(keysOf(pressed("[", "Meta"))).toBe("mod+[");
});
