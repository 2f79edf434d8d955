import { expect, test } from "vitest";

import { dataLines } from "./sse";

async function read(pieces: Uint8Array<ArrayBuffer>[]): Promise<string[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const found: string[] = [];
  for await (const data of dataLines(body)) found.push(data);
  return found;
}

test("events are whole wherever the bytes are cut, also inside a letter", async () => {
  const bytes = new TextEncoder().encode('data: {"a":"é"}\n\n: ping\n\ndata: {"b":2}\n\n');
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(await read([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(['{"a":"é"}', '{"b":2}']);
  }
});
