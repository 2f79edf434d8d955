import { useEffect, useMemo, useRef } from "react";

import { IconButton } from "../components/Button";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { later } from "../components/later";
import { Icon } from "../components/Icon";
import { Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { useSource, type OpenSource } from "../shell/source";
import { COVERED } from "../shell/media";
import { useShortcut } from "../shell/shortcuts";
import { PaneEdge } from "./PaneEdge";
import { addressOfPlace } from "./place";
import "./pane.css";

const SourceView = later(() => import("./SourceView"), <Spinner />);

interface SourcePaneProps {
  source: OpenSource;
  onClose: () => void;
}

/** The source of a citation beside the chat, or over it where there is no room beside. */
export function SourcePane({ source, onClose }: SourcePaneProps) {
  const { viewer, shell } = useText();
  const { announce } = useNotices();
  const head = useRef<HTMLElement>(null);
  const { documentId, documentName, page, citation, chunkId } = source;
  const wanted = useMemo(
    () => ({ documentId, page, citation, chunkId: citation?.chunk_id ?? chunkId ?? null, span: null }),
    [documentId, page, citation, chunkId],
  );
  const label = viewer.page(citation?.page_label || `${page}`);
  useEffect(() => announce(viewer.opened(documentName, label)), [announce, viewer, documentName, label]);
  useEffect(() => {
    // Where the source covers the chat, it has the focus.
    if (!window.matchMedia(COVERED).matches) return;
    const ways = head.current?.querySelectorAll<HTMLElement>(".source-back, .source-close") ?? [];
    [...ways].find((each) => each.offsetParent)?.focus();
  }, []);
  const alone = addressOfPlace(documentId, { ...wanted, span: citation?.span ?? null });
  return (
    <>
      <PaneEdge />
      <header ref={head} className="source-head">
        <IconButton className="source-back" icon="back" label={viewer.back} onClick={onClose} />
        <Icon name="document" size={18} />
        <h2 title={documentName}>{documentName}</h2>
        <a
          className="icon-button"
          href={alone}
          target="_blank"
          rel="noreferrer"
          aria-label={viewer.openAlone}
          title={viewer.openAlone}
        >
          <Icon name="newTab" />
        </a>
        <a
          className="icon-button"
          href={`/api/v1/documents/${documentId}/content`}
          download={documentName}
          aria-label={viewer.download}
          title={viewer.download}
        >
          <Icon name="download" />
        </a>
        <IconButton className="source-close" icon="close" label={shell.close} onClick={onClose} />
      </header>
      <ErrorBoundary place={`${documentId}`}>
        <SourceView wanted={wanted} />
      </ErrorBoundary>
      <SourceSwitch source={source} />
    </>
  );
}

/** The other sources of the same answer, one click or key away. */
function SourceSwitch({ source }: { source: OpenSource }) {
  const { viewer } = useText();
  const { open } = useSource();
  const { citation, citations = [] } = source;
  const at = citations.findIndex(({ n }) => n === citation?.n);
  const show = (index: number) => {
    const next = citations[index];
    if (!next) return false;
    open({
      ...source,
      documentId: next.document_id,
      documentName: next.document_name,
      page: next.page,
      citation: next,
    });
  };
  useShortcut("]", viewer.nextSource, () => at >= 0 && show(at + 1));
  useShortcut("[", viewer.previousSource, () => at >= 0 && show(at - 1));
  if (citations.length < 2) return null;
  return (
    <nav className="source-switch" aria-label={viewer.sources}>
      <span aria-hidden="true">{viewer.sources}</span>
      <ul>
        {citations.map((each, index) => (
          <li key={each.n}>
            <button
              type="button"
              aria-current={index === at ? "true" : undefined}
              aria-label={viewer.source(each.n, each.document_name)}
              title={each.document_name}
              onClick={() => show(index)}
            >
              {each.n}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
