/** The texts of administration, loaded with its pages. */
import { useLanguage, type Language } from "../i18n/language";
import { admin as en } from "../i18n/en/admin";
import { admin as fr } from "../i18n/fr/admin";
import type { Texts } from "../i18n/texts";

export type AdminText = Texts<typeof en>;

const TEXTS: Record<Language, AdminText> = { en, fr };

export function useAdminText(): AdminText {
  return TEXTS[useLanguage().language];
}
