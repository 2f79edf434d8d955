/** The texts of documents and uploads, loaded with what shows them. */
import { documents as en } from "../i18n/en/documents";
import { documents as fr } from "../i18n/fr/documents";
import { useLanguage, type Language } from "../i18n/language";
import type { Texts } from "../i18n/texts";

export type DocumentsText = Texts<typeof en>;

const TEXTS: Record<Language, DocumentsText> = { en, fr };

export function useDocumentsText(): DocumentsText {
  return TEXTS[useLanguage().language];
}

/** Why a file is not in, in the words of the interface; else in the server's. */
export function reasonOf(text: DocumentsText, code: string, detail: string): string {
  return text.reasons[code] ?? detail;
}
