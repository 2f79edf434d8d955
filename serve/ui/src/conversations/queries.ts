/** Conversations as they are listed, named and taken out. */
import { useInfiniteQuery, type InfiniteData, type QueryClient } from "@tanstack/react-query";

import { get, patch } from "../api/http";
import type { Schemas } from "../api/types";
import { keepConversation } from "../chat/queries";

type Page = Schemas["ConversationList"];

/** The conversations that have all these words, the one last changed first. */
export function useConversations(words: string) {
  return useInfiniteQuery({
    queryKey: ["conversations", words],
    queryFn: ({ pageParam, signal }) =>
      get("/api/v1/conversations", { query: { q: words, cursor: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page: Page) => page.next_cursor,
    placeholderData: (before) => before,
  });
}

export async function rename(client: QueryClient, id: number, title: string): Promise<void> {
  const options = { path: { conversation_id: id }, body: { title } };
  const detail = await patch("/api/v1/conversations/{conversation_id}", options);
  keepConversation(client, detail);
  client.setQueriesData<InfiniteData<Page>>({ queryKey: ["conversations"] }, (data) =>
    data
      ? {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            items: page.items.map((each) => (each.id === id ? { ...each, title } : each)),
          })),
        }
      : data,
  );
}

export function exportAddress(id: number, format: "md" | "json"): string {
  return `/api/v1/conversations/${id}/export?format=${format}`;
}
