/** The texts of settings. */
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";

export type SettingsText = Dictionary["settings"];

export function useSettingsText(): SettingsText {
  return useText().settings;
}
