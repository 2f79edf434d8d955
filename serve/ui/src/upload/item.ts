/** A file on its way in, from the browser to being searchable. */
import type { Job, Schemas } from "../api/types";

export type UploadState =
  | "waiting"
  | "sending"
  | "taken"
  | "ready"
  | "duplicate"
  | "failed"
  | "cancelled"
  | "gone";

export interface UploadItem {
  key: string;
  /** With the folders it was dropped in. */
  name: string;
  size: number;
  collection: number;
  state: UploadState;
  sent: number;
  documentId: number | null;
  isNewVersion: boolean;
  /** The server had its content before; it may be ready, under way or tried anew. */
  isDuplicate: boolean;
  job: Job | null;
  jobId: number | null;
  /** Why it failed: a stable code, and the server's words for codes that we do not know. */
  code: string;
  detail: string;
}

export interface UploadCounts {
  all: number;
  ended: number;
  ready: number;
  failed: number;
  active: number;
}

const ENDED: ReadonlySet<UploadState> = new Set([
  "ready",
  "duplicate",
  "failed",
  "cancelled",
  "gone",
]);

const FINAL: ReadonlySet<string> = new Set([
  "unsupported_format",
  "password_needed",
  "damaged_file",
  "no_text_found",
  "empty_file",
  "too_large",
  "too_much_text",
  "too_many_pages",
  "lost",
]);

export function hasEnded(item: UploadItem): boolean {
  return ENDED.has(item.state);
}

/** Whether the same file would fail again. */
export function isFinal(item: UploadItem): boolean {
  return FINAL.has(item.code);
}

export function countsOf(items: readonly UploadItem[]): UploadCounts {
  const ended = items.filter(hasEnded).length;
  const failed = items.filter((each) => each.state === "failed").length;
  const ready = items.filter((each) => each.state === "ready" || each.state === "duplicate").length;
  return { all: items.length, ended, ready, failed, active: items.length - ended };
}

/** The item once the server has told what became of the file. */
export function received(item: UploadItem, told: Schemas["UploadItem"]): UploadItem {
  if (told.error) return failed(item, told.error.code, told.error.detail);
  return {
    ...item,
    state: "taken",
    sent: item.size,
    documentId: told.document_id ?? null,
    jobId: told.job_id ?? null,
    isNewVersion: told.new_version ?? false,
    isDuplicate: told.duplicate ?? false,
  };
}

export function failed(item: UploadItem, code: string, detail = ""): UploadItem {
  return { ...item, state: "failed", code, detail, job: null };
}

/** The item after a change of its job. */
export function following(item: UploadItem, job: Job): UploadItem {
  if (job.stage === "failed")
    return { ...failed(item, job.error?.code ?? "ingest_error", job.error?.detail), job };
  if (job.stage === "cancelled") return { ...item, state: "cancelled", code: "cancelled", job };
  if (job.stage === "ready")
    return { ...item, state: item.isDuplicate ? "duplicate" : "ready", code: "", detail: "", job };
  return { ...item, state: "taken", code: "", detail: "", job };
}

/** What is left of an item after the page was loaded anew: files that were not sent are lost. */
export function afterReload(item: UploadItem): UploadItem {
  return item.state === "waiting" || item.state === "sending" ? failed(item, "lost") : item;
}
