import { Select } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useLanguage } from "../i18n/language";
import { LANGUAGES, type Language } from "../i18n/languages";

const OPTIONS = Object.entries(LANGUAGES).map(([code, { name }]) => [code as Language, name] as const);

export function LanguageChoice() {
  const { language, text, choose } = useLanguage();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const onChoose = (next: Language) =>
    choose(next).catch((error: unknown) => toast({ text: messageOf(error), kind: "error" }));
  return (
    <Select
      label={text.shell.language}
      value={language}
      options={OPTIONS}
      onChoose={(next) => void onChoose(next)}
    />
  );
}
