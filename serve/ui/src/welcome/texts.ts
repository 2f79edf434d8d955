/** The texts of the welcome, loaded with its pages. */
import { useLanguage, type Language } from "../i18n/language";
import { welcome as en } from "../i18n/en/welcome";
import { welcome as fr } from "../i18n/fr/welcome";
import type { Texts } from "../i18n/texts";

export type WelcomeText = Texts<typeof en>;

const TEXTS: Record<Language, WelcomeText> = { en, fr };

export function useWelcomeText(): WelcomeText {
  return TEXTS[useLanguage().language];
}
