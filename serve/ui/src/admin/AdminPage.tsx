import { useText } from "../i18n/language";
import { Page } from "../shell/Page";

export default function AdminPage() {
  const { admin } = useText();
  return <Page title={admin.title}>{null}</Page>;
}
