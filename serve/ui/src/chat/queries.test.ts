import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";

import { COLLECTIONS } from "../documents/collections";
import { keepConversation, keepTurn, readStillAskable, type Detail, type Turn } from "./queries";

const TURN = { id: 7, feedback: null } as Turn;
const OLD = { id: 1, title: "old", turns: [TURN] } as Detail;
const NEW = { ...OLD, title: "new" };
const KEY = ["conversation", 1];

afterEach(() => vi.unstubAllGlobals());

function serverHas(...ids: number[]): void {
  const items = ids.map((id) => ({ id, role: "reader" }));
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ items })));
}

/** Has the conversation read; what is returned lets the server answer. */
function reading(client: QueryClient): () => Promise<Detail> {
  let answer: (detail: Detail) => void = () => undefined;
  client.setQueryData(KEY, OLD);
  const queryFn = () => new Promise<Detail>((resolve) => (answer = resolve));
  const late = client.fetchQuery({ queryKey: KEY, queryFn });
  return () => {
    answer(OLD);
    return late;
  };
}

test("a conversation is not overwritten by what was asked for before it", async () => {
  const client = new QueryClient();
  const answer = reading(client);
  keepConversation(client, NEW);
  await answer();
  expect(client.getQueryData(KEY)).toEqual(NEW);
});

test("neither is a turn", async () => {
  const client = new QueryClient();
  const answer = reading(client);
  const judged = { ...TURN, feedback: { value: "up" } } as Turn;
  keepTurn(client, 1, judged);
  await answer();
  expect(client.getQueryData<Detail>(KEY)?.turns).toEqual([judged]);
});

test("collections that are gone are not asked, though they were not known to be", async () => {
  const client = new QueryClient();
  serverHas(2);
  expect(await readStillAskable(client, [1, 2])).toEqual([2]);
  serverHas(1, 2);
  expect(await readStillAskable(client, [1, 2])).toEqual([2]);
  void client.invalidateQueries(COLLECTIONS);
  expect(await readStillAskable(client, [1, 2])).toEqual([1, 2]);
});
