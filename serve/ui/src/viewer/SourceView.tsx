import { useCallback, useState } from "react";

import { codeOf } from "../api/problem";
import { later } from "../components/later";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { reasonOf, useDocumentsText } from "../documents/texts";
import { useText } from "../i18n/language";
import {
  usePageOutlines,
  useShownDocument,
  useTarget,
  type ShownDocument,
  type Target,
  type Wanted,
} from "./document";
import { ImageView } from "./ImageView";
import { QuoteBanner } from "./QuoteBanner";
import { TextView } from "./TextView";
import "./viewer.css";

const PdfView = later(() => import("./PdfView"), <Spinner />);
// Most sources are PDFs.
PdfView.ahead();

type Failure = "password" | "damaged" | "missing" | "picture";

/** A document with what is wanted of it marked: the quote above, the pages below. */
export default function SourceView({ wanted }: { wanted: Wanted }) {
  const { viewer } = useText();
  const shown = useShownDocument(wanted.documentId);
  const target = useTarget(wanted);
  const [marked, setMarked] = useState<{ key: string; isMarked: boolean } | null>(null);
  const noteMarked = useCallback(
    (isMarked: boolean) => setMarked({ key: target?.key ?? "", isMarked }),
    [target?.key],
  );
  if (shown.isPending) return <Spinner label={viewer.loading} />;
  if (shown.isError && codeOf(shown.error) === "not_found")
    return (
      <EmptyState icon="document" title={viewer.gone}>
        <p>{viewer.goneBody}</p>
      </EmptyState>
    );
  if (shown.isLoadingError)
    return <ErrorState error={shown.error} onRetry={() => void shown.refetch()} />;
  return (
    <div className="viewer">
      {target && (
        <QuoteBanner
          target={target}
          verdict={wanted.citation?.verdict}
          isMarked={marked?.key === target.key ? marked.isMarked : null}
        />
      )}
      <Body key={wanted.documentId} shown={shown.data} target={target} onMarked={noteMarked} />
    </div>
  );
}

interface BodyProps {
  shown: ShownDocument;
  target: Target | null;
  onMarked: (isMarked: boolean) => void;
}

function Body({ shown, target, onMarked }: BodyProps) {
  const { viewer } = useText();
  const [failure, setFailure] = useState<Failure | null>(null);
  // Else the text would be opened, and fetched, at its beginning.
  const [isPlaceKnown, setPlaceKnown] = useState(target !== null);
  if (target && !isPlaceKnown) setPlaceKnown(true);
  const isReady = shown.state === "ready";
  const outlines = usePageOutlines(shown.id, isReady);
  const isPdf = shown.media_type === "application/pdf";
  const isImage = shown.media_type.startsWith("image/");
  if (isReady && outlines.isPending) return <Spinner label={viewer.loading} />;
  if (outlines.isLoadingError)
    return <ErrorState error={outlines.error} onRetry={() => void outlines.refetch()} />;
  const pages = { shown, outlines: outlines.data ?? [], target, onMarked };
  if (isPdf && !failure)
    return (
      <PdfView {...pages} onFailure={setFailure} />
    );
  if (!isReady) return <NotRead shown={shown} />;
  if (isImage && !failure) return <ImageView {...pages} onFailure={setFailure} />;
  if (!isPlaceKnown) return <Spinner label={viewer.loading} />;
  return (
    <>
      {failure && (
        <p className="viewer-notice" role="status">
          {viewer.asText[failure]}
        </p>
      )}
      <TextView {...pages} />
    </>
  );
}

function NotRead({ shown }: { shown: ShownDocument }) {
  const { viewer } = useText();
  const documents = useDocumentsText();
  if (shown.state !== "failed")
    return (
      <EmptyState title={viewer.notReady}>
        <p>{viewer.notReadyBody}</p>
      </EmptyState>
    );
  return (
    <EmptyState icon="warning" title={viewer.notRead}>
      {shown.error && <p>{reasonOf(documents, shown.error.code, shown.error.detail)}</p>}
    </EmptyState>
  );
}
