/** The server counts characters by code points, JavaScript by UTF-16 units. */
import type { Span } from "./place";

/** The same span counted in UTF-16 units of the text. */
export function inUnits(text: string, span: Span): Span {
  const start = unitsUpTo(text, span.start, 0, 0);
  return { start, end: unitsUpTo(text, span.end, start, span.start) };
}

/** How many units the first `count` characters have, where `known` of them have `units`. */
function unitsUpTo(text: string, count: number, units: number, known: number): number {
  let at = units;
  for (let seen = known; seen < count && at < text.length; seen++)
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}
