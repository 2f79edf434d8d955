/** The language of the interface: chosen, or the browser's. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { kept, keep } from "../settings/preferences";
import { en } from "./en";
import { fr } from "./fr";
import type { Texts } from "./texts";

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;
export type Dictionary = Texts<typeof en>;

const DICTIONARIES: Record<Language, Dictionary> = { en, fr };

interface Chosen {
  language: Language;
  text: Dictionary;
  choose: (language: Language) => void;
}

const LanguageContext = createContext<Chosen | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo<Chosen>(
    () => ({
      language,
      text: DICTIONARIES[language],
      choose: (next) => {
        keep("language", next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return <LanguageContext value={chosen}>{children}</LanguageContext>;
}

function firstLanguage(): Language {
  const wanted = [kept("language") ?? "", ...navigator.languages];
  const known = wanted.map((each) => each.slice(0, 2)).find((each) => each in DICTIONARIES);
  return (known ?? "en") as Language;
}

/** The language and how to choose another. */
export function useLanguage(): Chosen {
  const chosen = useContext(LanguageContext);
  if (!chosen) throw new Error("useLanguage outside of LanguageProvider");
  return chosen;
}

/** The texts of the interface by area: `useText().chat.send`. */
export function useText(): Dictionary {
  return useLanguage().text;
}
