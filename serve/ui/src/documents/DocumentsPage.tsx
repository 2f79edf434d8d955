import { useText } from "../i18n/language";
import { Page } from "../shell/Page";

export default function DocumentsPage() {
  const { documents } = useText();
  return <Page title={documents.title}>{null}</Page>;
}
