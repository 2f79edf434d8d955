import { Select } from "../components/Field";
import { LANGUAGES, useLanguage, type Language } from "../i18n/language";

const OPTIONS = Object.entries(LANGUAGES) as [Language, string][];

export function LanguageChoice() {
  const { language, text, choose } = useLanguage();
  return (
    <Select label={text.shell.language} value={language} options={OPTIONS} onChoose={choose} />
  );
}
