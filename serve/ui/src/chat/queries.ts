/** What the chat reads of the server. */
import { useQuery, type QueryClient } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { useCollections } from "../documents/collections";

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

export function keepConversation(client: QueryClient, detail: Detail): void {
  client.setQueryData(detailKey(detail.id), detail);
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
  return useCollections().data?.filter((each) => each.role !== null) ?? [];
}

/** Of the collections that were chosen once, those that may be asked now; all until that is known. */
export function useStillAskable(chosen: readonly number[]): readonly number[] {
  const isKnown = useCollections().data !== undefined;
  const askable = useAskable();
  return isKnown ? chosen.filter((id) => askable.some((each) => each.id === id)) : chosen;
}
