/** Text without what programs write differently: case, spaces, hyphens, ligatures. */

const LETTER = /[\p{L}\p{N}]/u;

export interface Squashed {
  text: string;
  /** For each unit of `text`, where it comes from. */
  origins: number[];
}

export function squashed(text: string): Squashed {
  const pieces: string[] = [];
  const origins: number[] = [];
  let at = 0;
  for (const character of text) {
    for (const folded of character.normalize("NFKC").toLowerCase()) {
      if (!LETTER.test(folded)) continue;
      pieces.push(folded);
      for (let unit = 0; unit < folded.length; unit++) origins.push(at);
    }
    at += character.length;
  }
  return { text: pieces.join(""), origins };
}

/** Where the words stand in a text; null unless they stand there exactly once. */
export function foundOnce(text: string, words: string): { start: number; end: number } | null {
  const inside = squashed(text);
  const wanted = squashed(words).text;
  const first = wanted ? inside.text.indexOf(wanted) : -1;
  if (first < 0 || inside.text.indexOf(wanted, first + 1) >= 0) return null;
  const start = inside.origins[first];
  const last = inside.origins[first + wanted.length - 1];
  if (start === undefined || last === undefined) return null;
  return { start, end: last + ((text.codePointAt(last) ?? 0) > 0xffff ? 2 : 1) };
}
