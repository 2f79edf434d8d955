/** The texts of administration. */
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";

export type AdminText = Dictionary["admin"];

export function useAdminText(): AdminText {
  return useText().admin;
}
