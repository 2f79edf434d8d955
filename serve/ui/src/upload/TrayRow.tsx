import { memo, useRef } from "react";

import { IconButton } from "../components/Button";
import { useFocusPassedOn } from "../components/focus";
import { reasonOf, useDocumentsText, type DocumentsText } from "../documents/texts";
import { useFormat, type Format } from "../i18n/format";
import { hasEnded, type UploadItem } from "./item";
import { cancelUpload, canRetry, removeUpload, retryUpload } from "./uploads";

export const TrayRow = memo(function TrayRow({ item }: { item: UploadItem }) {
  const text = useDocumentsText();
  const format = useFormat();
  const told = statusOf(item, text, format);
  const [done, total] = progressOf(item);
  const row = useRef<HTMLLIElement>(null);
  const last = useRef<HTMLButtonElement>(null);
  useFocusPassedOn(row, listOf);
  return (
    <li ref={row} className={`tray-row tray-${item.state}`}>
      <div className="tray-file">
        <span className="tray-name" title={item.name}>
          {item.name}
        </span>
        <span className="tray-status" title={told}>
          {told}
        </span>
        {total > 0 && <progress aria-label={item.name} max={total} value={done} />}
      </div>
      {canRetry(item) && (
        <IconButton
          icon="retry"
          label={text.retryOne(item.name)}
          onClick={() => {
            last.current?.focus();
            void retryUpload(item.key);
          }}
        />
      )}
      {hasEnded(item) ? (
        <IconButton
          ref={last}
          icon="close"
          label={text.removeOne(item.name)}
          onClick={() => removeUpload(item.key)}
        />
      ) : (
        <IconButton
          ref={last}
          icon="stop"
          label={text.cancelOne(item.name)}
          onClick={() => void cancelUpload(item.key)}
        />
      )}
    </li>
  );
});

function listOf(row: HTMLElement): HTMLElement | null {
  return row.closest<HTMLElement>(".tray-list");
}

function statusOf(item: UploadItem, text: DocumentsText, format: Format): string {
  switch (item.state) {
    case "waiting":
      return text.waiting;
    case "sending":
      if (item.code === "again") return text.again;
      if (item.sent >= item.size) return text.checking;
      return text.sending(format.bytes(item.sent), format.bytes(item.size));
    case "taken":
      return stageOf(item, text);
    case "ready":
      return item.isNewVersion ? text.newVersion : text.ready;
    case "duplicate":
      return text.duplicate;
    case "gone":
      return text.gone;
    default:
      return reasonOf(text, item.code, item.detail);
  }
}

function stageOf({ job }: UploadItem, text: DocumentsText): string {
  if (job?.stage === "parsing")
    return job.unit === "pages" && job.total > 0
      ? text.parsingPages(job.done, job.total)
      : text.parsing;
  if (job?.stage === "embedding") return text.embedding(job.done, job.total);
  if (job?.stage === "indexing") return text.indexing;
  return text.queued;
}

function progressOf(item: UploadItem): [done: number, total: number] {
  if (item.state === "sending") return [item.sent, item.size];
  const isCounted = item.state === "taken" && item.job !== null && item.job.stage !== "queued";
  return isCounted && item.job ? [item.job.done, item.job.total] : [0, 0];
}
