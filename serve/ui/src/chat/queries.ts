/** What the chat reads of the server. */
import { useQuery, type QueryClient } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import type { Collection } from "../api/types";
import { COLLECTIONS, useCollections } from "../documents/collections";

const WHILE_WORKING = 1_500;
const WHILE_ANSWERING = 700;

export type Detail = Schemas["ConversationDetail"];
export type Turn = Schemas["TurnOut"];

const detailKey = (id: number) => ["conversation", id];
export const readConversation = (id: number) =>
  get("/api/v1/conversations/{conversation_id}", { path: { conversation_id: id } });

/** A conversation; looked at again while another window, or the end of a stream, still writes. */
export function useConversation(id: number) {
  return useQuery({
    queryKey: detailKey(id),
    queryFn: () => readConversation(id),
    refetchInterval: ({ state }) =>
      state.data?.turns.some((turn) => turn.state === "answering") ? WHILE_ANSWERING : false,
  });
}

/** Show a conversation as the server has just told it. */
export function keepConversation(client: QueryClient, detail: Detail): void {
  dropReading(client, detail.id);
  client.setQueryData(detailKey(detail.id), detail);
}

/** Show a turn of a conversation as the server has just told it. */
export function keepTurn(client: QueryClient, id: number, turn: Turn): void {
  dropReading(client, id);
  client.setQueryData<Detail>(detailKey(id), (detail) =>
    detail && {
      ...detail,
      turns: detail.turns.map((each) => (each.id === turn.id ? turn : each)),
    },
  );
}

/** What is on its way may be older than what is known now. */
function dropReading(client: QueryClient, id: number): void {
  void client.cancelQueries({ queryKey: detailKey(id) });
}

/** A conversation as the server has it now. */
export async function freshConversation(client: QueryClient, id: number): Promise<Detail> {
  const detail = await readConversation(id);
  keepConversation(client, detail);
  return detail;
}

/** What the server holds, and whether its model writes. */
export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: () => get("/api/v1/status"),
    refetchInterval: ({ state }) => (state.data?.active_jobs ? WHILE_WORKING : 30_000),
  });
}

/** The collections that may be asked. */
export function useAskable() {
  return askableOf(useCollections().data ?? []);
}

/** Of the collections that were chosen once, those that may be asked now; all until that is known. */
export function useStillAskable(chosen: readonly number[]): readonly number[] {
  const { data } = useCollections();
  return data ? stillAskable(chosen, data) : chosen;
}

/**
 * Of the collections that were chosen once, those that may be asked now, once that is known.
 * @throws ProblemError if the server does not tell it.
 */
export async function readStillAskable(
  client: QueryClient,
  chosen: readonly number[],
): Promise<readonly number[]> {
  if (!chosen.length) return chosen;
  // What is known counts until it is known to be old.
  return stillAskable(chosen, await client.fetchQuery({ ...COLLECTIONS, staleTime: Infinity }));
}

function stillAskable(chosen: readonly number[], collections: readonly Collection[]): number[] {
  const askable = askableOf(collections);
  return chosen.filter((id) => askable.some((each) => each.id === id));
}

function askableOf(collections: readonly Collection[]): Collection[] {
  return collections.filter((each) => each.role !== null);
}
