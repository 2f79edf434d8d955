import { EmptyState } from "../components/States";
import { Link } from "../components/Link";
import { useText } from "../i18n/language";
import { Page } from "./Page";

/** What is not there, and what one may not see: they look the same. */
export function NotFoundPage() {
  const { shell } = useText();
  return (
    <Page title={shell.notFound}>
      <EmptyState icon="search" title={shell.notFoundBody}>
        <Link href="/" className="button button-plain">
          {shell.toStart}
        </Link>
      </EmptyState>
    </Page>
  );
}
