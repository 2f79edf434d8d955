import { useText } from "../i18n/language";
import { Page } from "../shell/Page";

/** A document alone, at its own address. */
export default function ViewerPage({ documentId }: { documentId: number }) {
  const { viewer } = useText();
  return (
    <Page title={viewer.title}>
      <p>{documentId}</p>
    </Page>
  );
}
