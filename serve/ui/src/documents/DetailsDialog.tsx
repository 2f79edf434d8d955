import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { get } from "../api/http";
import type { Document } from "../api/types";
import { Dialog } from "../components/Dialog";
import { Link } from "../components/Link";
import { useFormat } from "../i18n/format";
import { worded } from "../i18n/texts";
import { reasonOf, useDocumentsText } from "./texts";

export function DetailsDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const text = useDocumentsText();
  const format = useFormat();
  const { data } = useQuery({
    queryKey: ["document", document.id],
    queryFn: () =>
      get("/api/v1/documents/{document_id}", { path: { document_id: document.id } }),
  });
  const flags = data?.flags ?? [];
  const { error } = document;
  const facts: [string, ReactNode][] = [
    [text.state, worded(text.stateOf, document.state)],
    ...(error ? [[text.reason, reasonOf(text, error.code, error.detail)] as [string, string]] : []),
    ...(document.title ? [[text.documentTitle, document.title] as [string, string]] : []),
    [text.type, document.media_type],
    [text.size, format.bytes(document.size_bytes)],
    ...(document.paged
      ? [[text.pages, format.number(document.page_count)] as [string, string]]
      : []),
    [text.passages, format.number(document.chunk_count)],
    [text.added, format.dateTime(document.created_at)],
    [text.changed, format.dateTime(document.updated_at)],
    [text.checksum, <code key="sum">{document.content_sha256}</code>],
  ];
  return (
    <Dialog title={document.name} onClose={onClose}>
      <dl className="documents-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {flags.length > 0 && (
        <section className="documents-flags">
          <h3>{text.flagsTitle}</h3>
          <p>{text.flagsBody}</p>
          <ul>
            {flags.map((flag) => (
              <li key={`${flag.page}-${flag.span.start}-${flag.code}`}>
                <q>{flag.text}</q>{" "}
                <span>
                  {worded(text.flagCodes, flag.code) ?? flag.code},{" "}
                  <Link href={`/d/${document.id}#page=${flag.page}`}>{text.page(flag.page)}</Link>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  );
}
