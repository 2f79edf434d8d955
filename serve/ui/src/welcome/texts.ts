/** The texts of the welcome. */
import { useText } from "../i18n/language";
import type { Dictionary } from "../i18n/languages";

export type WelcomeText = Dictionary["welcome"];

export function useWelcomeText(): WelcomeText {
  return useText().welcome;
}
