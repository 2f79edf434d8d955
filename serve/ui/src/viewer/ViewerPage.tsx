import { useMemo } from "react";

import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import { useHash } from "../router";
import { usePageTitle } from "../shell/Page";
import { useShownDocument } from "./document";
import { placeOf } from "./place";
import SourceView from "./SourceView";
import "./pane.css";

/** A document alone, at its own address, where links of other programs lead. */
export default function ViewerPage({ documentId }: { documentId: number }) {
  const { viewer } = useText();
  const hash = useHash();
  const wanted = useMemo(() => ({ documentId, ...placeOf(hash) }), [documentId, hash]);
  const shown = useShownDocument(documentId);
  const name = shown.data?.name ?? viewer.title;
  usePageTitle(name);
  return (
    <div className="viewer-page">
      <header className="source-head">
        <Icon name="document" size={18} />
        <h1 title={name}>{name}</h1>
        {shown.data && (
          <a
            className="icon-button"
            href={`/api/v1/documents/${documentId}/content`}
            download={name}
            aria-label={viewer.download}
            title={viewer.download}
          >
            <Icon name="download" />
          </a>
        )}
      </header>
      {shown.data && <h2 className="visually-hidden">{viewer.content(name)}</h2>}
      <SourceView wanted={wanted} />
    </div>
  );
}
