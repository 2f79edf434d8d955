/** All uploads of this page: they go on while one moves about in it. */
import { useSyncExternalStore } from "react";

import { get, mayGoAgain, post } from "../api/http";
import { codeOf, ProblemError } from "../api/problem";
import { events } from "../api/sse";
import type { Job, Schemas } from "../api/types";
import type { Picked } from "./dropped";
import { afterReload, failed, following, hasEnded, isFinal, received, type UploadItem } from "./item";
import { sendFile } from "./sending";

type JobEvent = Schemas["JobsSnapshot"] | Schemas["JobChanged"] | Schemas["JobRemoved"];

const PARALLEL = 3;
const TRIES = 4;
const SHOW_MS = 120;
const KEEP_MS = 1_000;
const JOBS_AT_ONCE = 200;

let shown: readonly UploadItem[] = [];
let items = new Map<string, UploadItem>();
const files = new Map<string, File>();
const underWay = new Map<string, AbortController>();
/** Files of one content have one job. */
const byJob = new Map<number, Set<string>>();
/** What was told of jobs: their end can be known before the reply to the upload is. */
const told = new Map<number, Job>();
const listeners = new Set<() => void>();
let owner = "";
let nextKey = 0;
let queue: string[] = [];
let showing = 0;
let keeping = 0;
let stream: AbortController | null = null;
let limit: number | null = null;

/** Take up the uploads of a person, as they were before the page was loaded anew. */
export function openUploads(personId: string): void {
  if (owner === personId) return;
  closeUploads();
  owner = personId;
  for (const item of kept()) hold(afterReload(item));
  window.addEventListener("beforeunload", warn);
  window.addEventListener("pagehide", keep);
  changed();
  void follow();
}

/** Drop everything: whoever it was has left. */
export function closeUploads(): void {
  keep();
  for (const each of underWay.values()) each.abort();
  stream?.abort();
  window.removeEventListener("beforeunload", warn);
  window.removeEventListener("pagehide", keep);
  items = new Map();
  files.clear();
  byJob.clear();
  told.clear();
  queue = [];
  owner = "";
  changed();
}

/** Go on after the session had ended: with the jobs that were followed, and with what was refused. */
export function resumeUploads(): void {
  void follow();
  for (const item of items.values()) if (item.code === "not_signed_in") void retryUpload(item.key);
}

export function useUploads(): readonly UploadItem[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}

/** Send files into a collection. */
export async function addFiles(picked: readonly Picked[], collection: number): Promise<void> {
  for (const { file, path } of picked) {
    const key = `${Date.now()}-${nextKey++}`;
    files.set(key, file);
    queue.push(key);
    hold(waiting(key, path, file.size, collection));
  }
  changed();
  limit ??= await get("/api/v1/limits").then(
    (limits) => limits.file_bytes,
    () => null,
  );
  for (let n = underWay.size; n < PARALLEL; n++) void sendAll();
}

export async function cancelUpload(key: string): Promise<void> {
  const item = items.get(key);
  if (!item || hasEnded(item)) return;
  if (item.jobId !== null) {
    const path = { job_id: item.jobId };
    apply(await post("/api/v1/jobs/{job_id}/cancel", { path }).catch(() => item.job));
    return;
  }
  queue = queue.filter((each) => each !== key);
  underWay.get(key)?.abort();
  change({ ...item, state: "cancelled", code: "cancelled" });
}

/** Try what failed again: the job where the server has the file, else the sending. */
export async function retryUpload(key: string): Promise<void> {
  const item = items.get(key);
  if (!item || !canRetry(item)) return;
  if (item.jobId !== null) {
    const path = { job_id: item.jobId };
    try {
      apply(await post("/api/v1/jobs/{job_id}/retry", { path }));
      void follow();
    } catch (error) {
      change(failed(item, codeOf(error)));
    }
    return;
  }
  change(waiting(key, item.name, item.size, item.collection));
  queue.push(key);
  if (underWay.size < PARALLEL) void sendAll();
}

export function canRetry(item: UploadItem): boolean {
  if ((item.state !== "failed" && item.state !== "cancelled") || isFinal(item)) return false;
  return item.jobId !== null || files.has(item.key);
}

export function removeUpload(key: string): void {
  items.delete(key);
  files.delete(key);
  changed();
}

export function clearEnded(): void {
  for (const item of [...items.values()]) if (hasEnded(item)) removeUpload(item.key);
}

function waiting(key: string, name: string, size: number, collection: number): UploadItem {
  return {
    key,
    name,
    size,
    collection,
    state: "waiting",
    sent: 0,
    documentId: null,
    isNewVersion: false,
    isDuplicate: false,
    job: null,
    jobId: null,
    code: "",
    detail: "",
  };
}

async function sendAll(): Promise<void> {
  for (let key = queue.shift(); key !== undefined; key = queue.shift()) await sendOne(key);
}

async function sendOne(key: string): Promise<void> {
  const item = items.get(key);
  if (!item) return;
  const stopping = new AbortController();
  underWay.set(key, stopping);
  try {
    const file = files.get(key);
    if (!file) change(failed(item, "unreadable"));
    else if (file.size === 0) change(failed(item, "empty_file"));
    else if (limit !== null && file.size > limit) change(failed(item, "too_large"));
    else await send(item, file, stopping.signal);
  } finally {
    // It may have been cancelled, and be sent again by now.
    if (underWay.get(key) === stopping) underWay.delete(key);
  }
}

async function send(item: UploadItem, file: File, signal: AbortSignal): Promise<void> {
  const sending = { ...item, state: "sending" as const };
  change(sending);
  for (let tried = 1; ; tried++) {
    try {
      const reply = await sendFile({
        file,
        name: item.name,
        collection: item.collection,
        signal,
        onProgress: (sent) => change({ ...sending, sent }),
      });
      const now = received(item, reply);
      change(now);
      if (now.state !== "failed") files.delete(item.key);
      await catchUpWith(now);
      void follow();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const wait = tried < TRIES ? await pause(error, tried) : null;
      if (wait === null) {
        const detail = error instanceof ProblemError ? error.message : "";
        change(failed(item, codeOf(error), detail));
        return;
      }
      change({ ...sending, sent: 0, code: "again" });
      await new Promise((resolve) => window.setTimeout(resolve, wait));
      if (signal.aborted) return;
    }
  }
}

/** How long to wait before the next try, in milliseconds; null where none would help. */
async function pause(error: unknown, tried: number): Promise<number | null> {
  if (!(error instanceof ProblemError)) return null;
  if (await mayGoAgain(error)) return 0;
  if (error.problem.retry_after) return error.problem.retry_after * 1000;
  return error.code === "unreachable" ? 500 * 2 ** tried : null;
}

/** Follow the jobs until none is under way; the stream is opened anew when it breaks off. */
async function follow(): Promise<void> {
  if (stream) return;
  stream = new AbortController();
  const { signal } = stream;
  try {
    while (!signal.aborted && pendingJobs().length) {
      await catchUp();
      try {
        for await (const event of events<JobEvent>("GET", "/api/v1/jobs/events", { signal })) {
          take(event);
          if (!pendingJobs().length) break;
        }
      } catch (error) {
        if (signal.aborted || codeOf(error) === "not_signed_in") return;
      }
      if (pendingJobs().length) await new Promise((resolve) => window.setTimeout(resolve, 1000));
    }
  } finally {
    stream = null;
    told.clear();
  }
}

function pendingJobs(): number[] {
  const pending = [...items.values()].filter((each) => each.state === "taken");
  return pending.flatMap((each) => (each.jobId === null ? [] : [each.jobId]));
}

/** What happened to jobs while nobody followed them; those that are not there any more are gone. */
async function catchUp(): Promise<void> {
  const pending = pendingJobs();
  for (let at = 0; at < pending.length; at += JOBS_AT_ONCE) {
    const id = pending.slice(at, at + JOBS_AT_ONCE);
    const found = await get("/api/v1/jobs", { query: { id } }).catch(() => null);
    if (!found) return;
    const there = new Set(found.items.map((job) => job.id));
    found.items.forEach(apply);
    id.filter((each) => !there.has(each)).forEach(removed);
  }
}

/** What became of a job before the reply told whose it is. */
async function catchUpWith({ jobId, isDuplicate }: UploadItem): Promise<void> {
  if (jobId === null) return;
  const path = { job_id: jobId };
  const ended = () => get("/api/v1/jobs/{job_id}", { path }).catch(() => null);
  apply(isDuplicate ? await ended() : (told.get(jobId) ?? null));
}

function take(event: JobEvent): void {
  if ("jobs" in event) event.jobs.forEach(apply);
  else if ("job" in event) apply(event.job);
  else removed(event.job_id);
}

function apply(job: Job | null): void {
  if (!job) return;
  told.set(job.id, job);
  for (const item of itemsOf(job.id)) change(following(item, job));
}

function removed(jobId: number): void {
  for (const item of itemsOf(jobId)) change({ ...item, state: "gone" });
}

function itemsOf(jobId: number): UploadItem[] {
  return [...(byJob.get(jobId) ?? [])].flatMap((key) => items.get(key) ?? []);
}

function hold(item: UploadItem): void {
  items.set(item.key, item);
  if (item.jobId === null) return;
  byJob.set(item.jobId, (byJob.get(item.jobId) ?? new Set()).add(item.key));
}

function change(item: UploadItem): void {
  // What was removed from the list stays so.
  if (!items.has(item.key)) return;
  hold(item);
  changed();
}

/** Show the changes of some time together: a thousand files change faster than one can look. */
function changed(): void {
  if (showing) return;
  showing = window.setTimeout(() => {
    showing = 0;
    shown = [...items.values()];
    keeping ||= window.setTimeout(keep, KEEP_MS);
    for (const listener of [...listeners]) listener();
  }, SHOW_MS);
}

/** Keep the list over a reload: every second while it changes, and when the page is left. */
function keep(): void {
  window.clearTimeout(keeping);
  keeping = 0;
  if (!owner) return;
  try {
    sessionStorage.setItem(`cloister.uploads.${owner}`, JSON.stringify([...items.values()]));
  } catch {
    // The list then lasts until the page is left.
  }
}

function kept(): UploadItem[] {
  try {
    return JSON.parse(sessionStorage.getItem(`cloister.uploads.${owner}`) ?? "[]") as UploadItem[];
  } catch {
    return [];
  }
}

function warn(event: BeforeUnloadEvent): void {
  if (queue.length || underWay.size) event.preventDefault();
}
