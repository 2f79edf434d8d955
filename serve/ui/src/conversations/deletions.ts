/** Conversations that are being deleted, which can be undone for a while. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

import { currentCsrfToken, del } from "../api/http";
import { codeOf } from "../api/problem";
import type { Conversation } from "../api/types";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { navigate } from "../router";

/** What deletes each of them for good. */
const leaving = new Map<number, () => Promise<void>>();
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

/** Deletes a conversation once the notice of it has gone; until then that can be undone. */
export function useDeletion(): (conversation: Conversation) => void {
  const { chat } = useText();
  const { toast } = useNotices();
  const messageOf = useMessageOf();
  const client = useQueryClient();
  return ({ id }) => {
    let begun: Promise<void> | null = null;
    const finish = () => {
      begun ??= deleted(client, id).catch((error: unknown) =>
        toast({ kind: "error", text: chat.notDeleted(messageOf(error)) }),
      );
      return begun;
    };
    leaving.set(id, finish);
    tell();
    if (window.location.pathname === `/c/${id}`) navigate("/", { replace: true });
    toast({
      text: chat.deleted,
      action: { label: chat.undo, onSelect: () => callBack(id) },
      onEnd: () => void finish(),
    });
  };
}

/** Have what is to be deleted deleted now, while there is somebody who may. */
export async function finishDeletions(): Promise<void> {
  await Promise.all([...leaving.values()].map((finish) => finish()));
}

/** The conversation is listed again, and has the focus there. */
function callBack(id: number): void {
  leaving.delete(id);
  flushSync(tell);
  document.querySelector<HTMLElement>(`.conversation a[href="/c/${id}"]`)?.focus();
}

async function deleted(client: QueryClient, id: number): Promise<void> {
  try {
    await del("/api/v1/conversations/{conversation_id}", { path: { conversation_id: id } });
    client.removeQueries({ queryKey: ["conversation", id] });
  } catch (error) {
    if (codeOf(error) !== "not_found") throw error;
  } finally {
    await client.invalidateQueries({ queryKey: ["conversations"] }).catch(() => undefined);
    leaving.delete(id);
    tell();
  }
}

// Who closes the window meant it.
window.addEventListener("pagehide", () => {
  const headers = { "X-CSRF-Token": currentCsrfToken() ?? "" };
  const options = { method: "DELETE", headers, keepalive: true };
  for (const id of leaving.keys())
    fetch(`/api/v1/conversations/${id}`, options).catch(() => undefined);
  leaving.clear();
});
