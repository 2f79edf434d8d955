import { Select } from "../components/Field";
import { AnswerLanguageChoice } from "./AnswerLanguageChoice";
import { LanguageChoice } from "./LanguageChoice";
import { keep, usePreference, type Preferences } from "./preferences";
import { useSettingsText } from "./texts";

export function Appearance() {
  const settings = useSettingsText();
  const theme = usePreference("theme", "system");
  const textSize = usePreference("textSize", "normal");
  return (
    <div className="settings-look">
      <LanguageChoice />
      <Select
        label={settings.theme}
        value={theme}
        options={Object.entries(settings.themes) as [Preferences["theme"], string][]}
        onChoose={(value) => keep("theme", value)}
      />
      <Select
        label={settings.textSize}
        value={textSize}
        options={Object.entries(settings.textSizes) as [Preferences["textSize"], string][]}
        onChoose={(value) => keep("textSize", value)}
      />
      <AnswerLanguageChoice />
    </div>
  );
}
