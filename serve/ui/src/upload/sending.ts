/** One file over the wire, with the bytes that have gone: fetch does not tell them. */
import { currentCsrfToken } from "../api/http";
import { ProblemError } from "../api/problem";
import type { Problem, Schemas } from "../api/types";

export interface Sending {
  file: File;
  name: string;
  collection: number;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
}

/**
 * What became of the file.
 * @throws ProblemError if the request is refused; with `unreachable` if the connection is lost.
 */
export function sendFile(sending: Sending): Promise<Schemas["UploadItem"]> {
  const form = new FormData();
  form.append("collection", String(sending.collection));
  form.append("file", sending.file, sending.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/documents");
    const token = currentCsrfToken();
    if (token) request.setRequestHeader("X-CSRF-Token", token);
    request.upload.onprogress = ({ loaded }) =>
      sending.onProgress(Math.min(loaded, sending.file.size));
    request.onload = () => {
      const told = parsed(request.responseText);
      const item = request.status === 202 ? (told as Schemas["UploadOut"]).items[0] : undefined;
      if (item) resolve(item);
      else reject(refusal(told as Problem | null, request.status));
    };
    request.onerror = () => reject(refusal(null, 0));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    sending.signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(told: Problem | null, status: number): ProblemError {
  if (told && typeof told.code === "string") return new ProblemError(told);
  const code = status === 413 ? "too_large" : "unreachable";
  return new ProblemError({ type: "about:blank", title: "", status, detail: "", code });
}
