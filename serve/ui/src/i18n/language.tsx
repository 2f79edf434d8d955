/** The language of the interface: chosen, or the browser's. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { kept, keep } from "../settings/preferences";
import { dictionaryOf, firstKnown, type Dictionary, type Language } from "./languages";

export interface Spoken {
  language: Language;
  text: Dictionary;
}

interface Chosen extends Spoken {
  /** Have another language, once its texts are there. */
  choose: (language: Language) => Promise<void>;
}

const LanguageContext = createContext<Chosen | null>(null);

/** The language to begin with. */
export async function firstSpoken(): Promise<Spoken> {
  const language = firstKnown([kept("language") ?? "", ...navigator.languages]);
  return { language, text: await dictionaryOf(language) };
}

interface LanguageProviderProps {
  first: Spoken;
  children: ReactNode;
}

export function LanguageProvider({ first, children }: LanguageProviderProps) {
  const [spoken, setSpoken] = useState(first);
  useEffect(() => {
    document.documentElement.lang = spoken.language;
  }, [spoken]);
  const chosen = useMemo<Chosen>(
    () => ({
      ...spoken,
      choose: async (language) => {
        const text = await dictionaryOf(language);
        keep("language", language);
        setSpoken({ language, text });
      },
    }),
    [spoken],
  );
  return <LanguageContext value={chosen}>{children}</LanguageContext>;
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
