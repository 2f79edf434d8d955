/** Conversations as they are listed, named, taken out and deleted. */
import {
  useInfiniteQuery,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { currentCsrfToken, get, patch } from "../api/http";
import type { Conversation, Schemas } from "../api/types";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { navigate } from "../router";

const UNDO_SECONDS = 5;

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
  client.setQueryData(["conversation", id], detail);
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

const leaving = new Map<number, number>();
let snapshot: ReadonlySet<number> = new Set();
const listeners = new Set<() => void>();

function tell(): void {
  snapshot = new Set(leaving.keys());
  for (const listener of [...listeners]) listener();
}

/** The conversations that are deleted in a moment, unless somebody thinks again. */
export function useLeaving(): ReadonlySet<number> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => snapshot,
  );
}

/** Deletes a conversation after some seconds in which that can be undone. */
export function useDeletion(): (conversation: Conversation) => void {
  const { chat } = useText();
  const { toast } = useNotices();
  const client = useQueryClient();
  return ({ id }) => {
    const finish = () => {
      leaving.delete(id);
      void deleted(id).finally(() => {
        void client.invalidateQueries({ queryKey: ["conversations"] }).finally(tell);
        client.removeQueries({ queryKey: ["conversation", id] });
      });
    };
    leaving.set(id, window.setTimeout(finish, UNDO_SECONDS * 1_000));
    tell();
    if (window.location.pathname === `/c/${id}`) navigate("/", { replace: true });
    toast({
      text: chat.deleted,
      seconds: UNDO_SECONDS,
      action: {
        label: chat.undo,
        onSelect: () => {
          window.clearTimeout(leaving.get(id));
          leaving.delete(id);
          tell();
        },
      },
    });
  };
}

function deleted(id: number): Promise<unknown> {
  const headers = { "X-CSRF-Token": currentCsrfToken() ?? "" };
  const options = { method: "DELETE", headers, keepalive: true };
  return fetch(`/api/v1/conversations/${id}`, options).catch(() => undefined);
}

// Who closes the window meant it.
window.addEventListener("pagehide", () => {
  for (const [id, timer] of leaving) {
    window.clearTimeout(timer);
    void deleted(id);
  }
  leaving.clear();
});
