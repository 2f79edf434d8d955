import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { addFiles, cancelUpload, openUploads, retryUpload, useUploads } from "./uploads";

vi.mock("react", () => ({ useSyncExternalStore: (_: unknown, read: () => unknown) => read() }));

/** A request on its way: the first one is told that the server is busy, others get no reply. */
class Sent {
  static all: Sent[] = [];
  upload = {};
  isAborted = false;
  status = 503;
  responseText = JSON.stringify({ status: 503, code: "busy", retry_after: 5 });
  onload = () => undefined;
  onabort = () => undefined;
  open = () => undefined;
  setRequestHeader = () => undefined;
  send = () => {
    if (Sent.all.push(this) === 1) this.onload();
  };
  abort = () => {
    this.isAborted = true;
    this.onabort();
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", Object.assign(new EventTarget(), globalThis));
  vi.stubGlobal("fetch", () => Promise.reject(new Error("no server")));
  vi.stubGlobal("XMLHttpRequest", Sent);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what was cancelled between two tries and is sent again can be cancelled again", async () => {
  openUploads("1");
  await addFiles([{ file: new File(["a"], "a.txt"), path: "a.txt" }], 1);
  await vi.advanceTimersByTimeAsync(1_000);
  const [{ key } = { key: "" }] = useUploads();
  await cancelUpload(key);
  await retryUpload(key);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Sent.all).toHaveLength(2);
  await cancelUpload(key);
  expect(Sent.all[1]?.isAborted).toBe(true);
});
