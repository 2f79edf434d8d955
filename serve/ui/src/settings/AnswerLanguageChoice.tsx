import { useId } from "react";

import { Select } from "../components/Field";
import { useLanguage } from "../i18n/language";
import { ANSWER_LANGUAGES, type AnswerLanguage } from "./answerLanguage";
import { keep, usePreference } from "./preferences";
import { useSettingsText } from "./texts";

export function AnswerLanguageChoice() {
  const settings = useSettingsText();
  const { language } = useLanguage();
  const hint = useId();
  const names = new Intl.DisplayNames(language, { type: "language" });
  const shown = (each: AnswerLanguage) =>
    each === "question" ? settings.ofQuestion : capitalised(names.of(each) ?? each, language);
  return (
    <div>
      <Select
        label={settings.answerLanguage}
        value={usePreference("answerLanguage", "question")}
        options={ANSWER_LANGUAGES.map((each) => [each, shown(each)] as const)}
        onChoose={(value) => keep("answerLanguage", value)}
        aria-describedby={hint}
      />
      <p id={hint} className="field-hint">
        {settings.answerLanguageHint}
      </p>
    </div>
  );
}

function capitalised(name: string, language: string): string {
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}
