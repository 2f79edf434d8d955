/** The texts of documents and uploads. */
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";
import { worded } from "../i18n/texts";

export type DocumentsText = Dictionary["documents"];

export function useDocumentsText(): DocumentsText {
  return useText().documents;
}

/** Why a file is not in, in the words of the interface; else in the server's. */
export function reasonOf(text: DocumentsText, code: string, detail: string): string {
  return worded(text.reasons, code) ?? detail;
}
