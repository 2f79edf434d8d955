/** The texts of settings, loaded with its pages. */
import { useLanguage, type Language } from "../i18n/language";
import { settings as en } from "../i18n/en/settings";
import { settings as fr } from "../i18n/fr/settings";
import type { Texts } from "../i18n/texts";

export type SettingsText = Texts<typeof en>;

const TEXTS: Record<Language, SettingsText> = { en, fr };

export function useSettingsText(): SettingsText {
  return TEXTS[useLanguage().language];
}
