import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ProblemError } from "../api/problem";
import { sendFile, type Sending } from "./sending";
import { addFiles, cancelUpload, openUploads, retryUpload, useUploads } from "./uploads";

vi.mock("./sending", () => ({ sendFile: vi.fn() }));
vi.mock("react", () => ({ useSyncExternalStore: (_: unknown, read: () => unknown) => read() }));

const BUSY = new ProblemError({
  type: "about:blank",
  title: "",
  status: 503,
  detail: "",
  code: "busy",
  retry_after: 5,
});

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", Object.assign(new EventTarget(), globalThis));
  vi.stubGlobal("fetch", () => Promise.reject(new Error("no server")));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what was cancelled between two tries and is sent again can be cancelled again", async () => {
  const sendings: Sending[] = [];
  vi.mocked(sendFile).mockImplementation((sending) => {
    sendings.push(sending);
    return sendings.length === 1 ? Promise.reject(BUSY) : new Promise(() => undefined);
  });
  openUploads("1");
  await addFiles([{ file: new File(["a"], "a.txt"), path: "a.txt" }], 1);
  await vi.advanceTimersByTimeAsync(1_000);
  const [{ key } = { key: "" }] = useUploads();
  await cancelUpload(key);
  await retryUpload(key);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sendings).toHaveLength(2);
  await cancelUpload(key);
  expect(sendings[1]?.signal.aborted).toBe(true);
});
