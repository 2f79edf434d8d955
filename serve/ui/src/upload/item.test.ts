import { expect, test } from "vitest";

import type { Job } from "../api/types";
import { afterReload, countsOf, failed, following, isFinal, received, type UploadItem } from "./item";

const ITEM: UploadItem = {
  key: "1",
  name: "a/b.txt",
  size: 10,
  collection: 1,
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

function job(stage: Job["stage"]): Job {
  const at = "2026-01-01T00:00:00Z";
  return {
    id: 5,
    document_id: 7,
    collection_id: 1,
    name: "b.txt",
    stage,
    done: 0,
    total: 1,
    unit: "pages",
    attempts: 1,
    created_at: at,
    updated_at: at,
  };
}

test("a file that was not sent is lost by a reload, one that was sent is not", () => {
  expect(afterReload(ITEM)).toMatchObject({ state: "failed", code: "lost" });
  const sent = received(ITEM, { name: "b.txt", document_id: 7, job_id: 5 });
  expect(afterReload(sent)).toBe(sent);
});

test("a job moves its file on, and a retry takes the reason away", () => {
  const sent = received(ITEM, { name: "b.txt", document_id: 7, job_id: 5 });
  const cancelled = following(sent, job("cancelled"));
  expect(cancelled.state).toBe("cancelled");
  expect(following(cancelled, job("queued"))).toMatchObject({ state: "taken", code: "" });
  expect(following(sent, job("ready")).state).toBe("ready");
  const known = received(ITEM, { name: "b.txt", document_id: 7, job_id: 5, duplicate: true });
  expect(following(known, job("ready")).state).toBe("duplicate");
  expect(following(known, job("parsing")).state).toBe("taken");
  expect(following(known, job("failed")).state).toBe("failed");
});

test("what fails for its content is not tried again", () => {
  expect(isFinal(failed(ITEM, "password_needed"))).toBe(true);
  expect(isFinal(failed(ITEM, "unreachable"))).toBe(false);
});

test("counts tell what is ready, failed and under way", () => {
  const items: UploadItem[] = [ITEM, { ...ITEM, state: "duplicate" }, { ...ITEM, state: "failed" }];
  expect(countsOf(items)).toEqual({ all: 3, ended: 2, ready: 1, failed: 1, active: 1 });
});
