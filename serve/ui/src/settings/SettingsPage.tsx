import { Select } from "../components/Field";
import { useText } from "../i18n/language";
import { Page } from "../shell/Page";
import { LanguageChoice } from "./LanguageChoice";
import { keep, usePreference, type Preferences } from "./preferences";
import "./settings.css";

export default function SettingsPage() {
  const { settings } = useText();
  const theme = usePreference("theme", "system");
  const textSize = usePreference("textSize", "normal");
  return (
    <Page title={settings.title}>
      <section className="settings-look">
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
      </section>
    </Page>
  );
}
