import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { post } from "../api/http";
import type { Collection, Document } from "../api/types";
import { Badge } from "../components/Badge";
import { useFocusPassedOn } from "../components/focus";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { Menu, type MenuItem } from "../components/Menu";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useFormat } from "../i18n/format";
import { worded } from "../i18n/texts";
import type { Asked } from "./DocumentDialogs";
import { downloadOriginal } from "./download";
import { reasonOf, useDocumentsText } from "./texts";

interface DocumentRowProps {
  document: Document;
  collection: Collection | undefined;
  isWritable: boolean;
  isSelected: boolean;
  onToggle: () => void;
  onAsk: (asked: Asked) => void;
}

export function DocumentRow(props: DocumentRowProps) {
  const { document, collection, isWritable, isSelected, onToggle, onAsk } = props;
  const text = useDocumentsText();
  const format = useFormat();
  const retry = useRetrying();
  const row = useRef<HTMLTableRowElement>(null);
  useFocusPassedOn(row);
  const { name, error } = document;
  const items: MenuItem[] = [
    { label: text.details, icon: "document", onSelect: () => onAsk({ kind: "details", document }) },
    { label: text.download, icon: "download", onSelect: () => downloadOriginal(document.id) },
  ];
  if (isWritable && document.state === "failed")
    items.push({ label: text.retry, icon: "retry", onSelect: () => void retry(document.id) });
  if (collection?.role === "manager")
    items.push({
      label: text.restrict,
      icon: "person",
      onSelect: () => onAsk({ kind: "readers", document }),
    });
  if (isWritable)
    items.push({
      label: text.delete,
      icon: "trash",
      danger: true,
      onSelect: () => onAsk({ kind: "delete", documents: [document] }),
    });
  return (
    <tr ref={row} className={isSelected ? "documents-selected" : ""}>
      <td className="documents-check">
        <input
          type="checkbox"
          aria-label={text.select(name)}
          checked={isSelected}
          onChange={onToggle}
        />
      </td>
      <td className="documents-name">
        {document.state === "ready" ? (
          <Link href={`/d/${document.id}`}>{name}</Link>
        ) : (
          <span className="documents-title">{name}</span>
        )}
        {document.restricted && <Badge>{text.restricted}</Badge>}{" "}
        {document.flag_count > 0 && (
          <button
            type="button"
            className="documents-flag"
            onClick={() => onAsk({ kind: "details", document })}
          >
            <Icon name="warning" size={14} />
            {text.flagged(document.flag_count)}
          </button>
        )}
        {error && <span className="documents-reason">{reasonOf(text, error.code, error.detail)}</span>}
      </td>
      <td data-label={text.collection}>{collection?.name}</td>
      <td data-label={text.state}>
        <span className={`state-mark state-${document.state}`}>
          {worded(text.stateOf, document.state) ?? document.state}
        </span>
      </td>
      <td className="documents-number" data-label={text.pages}>
        {document.paged ? format.number(document.page_count) : "–"}
      </td>
      <td className="documents-number" data-label={text.size}>
        {format.bytes(document.size_bytes)}
      </td>
      <td data-label={text.language}>{document.language ? format.language(document.language) : "–"}</td>
      <td className="documents-date" data-label={text.added}>
        {format.date(document.created_at)}
      </td>
      <td className="documents-menu">
        <Menu label={text.actions(name)} items={items}>
          <Icon name="more" />
        </Menu>
      </td>
    </tr>
  );
}

function useRetrying(): (id: number) => Promise<void> {
  const client = useQueryClient();
  const { toast } = useNotices();
  const messageOf = useMessageOf();
  return async (id) => {
    try {
      await post("/api/v1/documents/{document_id}/retry", { path: { document_id: id } });
    } catch (error) {
      toast({ text: messageOf(error), kind: "error" });
    }
    await client.invalidateQueries({ queryKey: ["documents"] });
  };
}
