/** What another language must have where English has `T`: the same keys, other words. */
export type Texts<T> = {
  [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends (...given: infer A) => string
      ? (...given: A) => string
      : Texts<T[K]>;
};

/** The form of a word that goes with a number, such as `plural("fr", n, "source", "sources")`. */
export function plural(language: string, count: number, one: string, other: string): string {
  return new Intl.PluralRules(language).select(count) === "one" ? one : other;
}

/** The words for a code of the server; undefined for one that this page does not know. */
export function worded(words: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(words, code) ? words[code] : undefined;
}
