import { useText } from "../i18n/language";
import { Page } from "../shell/Page";

export default function WelcomePage() {
  const { welcome } = useText();
  return <Page title={welcome.title}>{null}</Page>;
}
