/** The languages of the interface. Another one is a folder like `fr` and a line here. */
import type english from "./en";
import type { Texts } from "./texts";

export type Dictionary = Texts<typeof english>;

interface Entry {
  /** What its speakers call it. */
  name: string;
  load: () => Promise<{ default: Dictionary }>;
}

const ENTRIES = {
  en: { name: "English", load: () => import("./en") },
  fr: { name: "Français", load: () => import("./fr") },
} satisfies Record<string, Entry>;

export type Language = keyof typeof ENTRIES;
export const LANGUAGES: Record<Language, Entry> = ENTRIES;

/** The texts of a language, which come alone: nobody loads those of the others. */
export async function dictionaryOf(language: Language): Promise<Dictionary> {
  return (await LANGUAGES[language].load()).default;
}

/** The first of some wanted languages that there is, such as "fr" for "fr-CA"; else English. */
export function firstKnown(wanted: readonly string[]): Language {
  const short = wanted.map((each) => each.slice(0, 2));
  return short.find((each): each is Language => Object.hasOwn(LANGUAGES, each)) ?? "en";
}
