/** Server-sent events over fetch, which unlike EventSource can POST. */
import { send, type Request } from "./http";

/**
 * The events of a stream, until it ends or `request.signal` is aborted, which the server notices.
 * @throws ProblemError if the request is refused before the first event.
 */
export async function* events<T>(
  method: "GET" | "POST",
  path: string,
  request: Request,
): AsyncGenerator<T, void, undefined> {
  const response = await send(method, path, request);
  if (!response.body) return;
  for await (const data of dataLines(response.body)) yield JSON.parse(data) as T;
}

/** The data of each event in a stream of bytes, however those are cut. */
export async function* dataLines(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("data: ")) yield line.slice(6).replace(/\r$/, "");
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
