import { Section } from "../components/Section";
import { Page } from "../shell/Page";
import { Appearance } from "./Appearance";
import { Keys } from "./Keys";
import { OwnData } from "./OwnData";
import { PasswordForm } from "./PasswordForm";
import { Sessions } from "./Sessions";
import { useSettingsText } from "./texts";
import "./settings.css";

export default function SettingsPage() {
  const settings = useSettingsText();
  return (
    <Page title={settings.title}>
      <Section title={settings.appearance} intro={settings.appearanceIntro}>
        <Appearance />
      </Section>
      <Section title={settings.password} intro={settings.passwordIntro}>
        <PasswordForm />
      </Section>
      <Section title={settings.sessions} intro={settings.sessionsIntro}>
        <Sessions />
      </Section>
      <Section title={settings.keys} intro={settings.keysIntro}>
        <Keys />
      </Section>
      <Section title={settings.data} intro={settings.dataIntro}>
        <OwnData />
      </Section>
    </Page>
  );
}
