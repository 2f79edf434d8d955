import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { patch, post } from "../api/http";
import { navigate } from "../router";
import { answerLanguage } from "../settings/answerLanguage";
import { keepConversation, type Turn } from "./queries";
import { dismissRun, startRun, type Ask } from "./runs";

/** What can be done with the turns of a conversation. */
export interface TurnActions {
  regenerate: (turnId: number, question: string) => void;
  edit: (turnId: number, question: string) => void;
  /** Ask the same again after it failed. */
  again: (ask: Ask, turnId: number | null) => void;
  dismiss: () => void;
  showBranch: (turnId: number) => void;
  changed: (turn: Turn) => void;
}

/** Ask in a conversation, after the turn that is shown last. */
export function useAsking() {
  const client = useQueryClient();
  return (id: number, question: string, collections: readonly number[]) =>
    void startRun(client, id, {
      question,
      path: `/api/v1/conversations/${id}/turns`,
      body: { question, collections, language: answerLanguage() },
      besideId: null,
    });
}

/** Ask in a conversation that begins with this. */
export function useBeginning() {
  const client = useQueryClient();
  const ask = useAsking();
  return async (question: string, collections: readonly number[]) => {
    const made = await post("/api/v1/conversations", { body: {} });
    keepConversation(client, { ...made, turns: [] });
    ask(made.id, question, collections);
    navigate(`/c/${made.id}`, { replace: true });
  };
}

export function useTurnActions(id: number): TurnActions {
  const client = useQueryClient();
  return useMemo(() => {
    const beside = (turnId: number, act: "regenerate" | "edit", question: string) =>
      void startRun(client, id, {
        question,
        path: `/api/v1/turns/${turnId}/${act}`,
        body: { ...(act === "edit" ? { question } : {}), language: answerLanguage() },
        besideId: turnId,
      });
    return {
      regenerate: (turnId, question) => beside(turnId, "regenerate", question),
      edit: (turnId, question) => beside(turnId, "edit", question),
      again: (ask, turnId) =>
        turnId === null
          ? void startRun(client, id, ask)
          : beside(turnId, "regenerate", ask.question),
      dismiss: () => dismissRun(id),
      showBranch: (leafId) => {
        const options = { path: { conversation_id: id }, body: { leaf_id: leafId } };
        void patch("/api/v1/conversations/{conversation_id}", options).then((detail) =>
          keepConversation(client, detail),
        );
      },
      changed: (turn) =>
        client.setQueryData(["conversation", id], (detail: { turns: Turn[] } | undefined) =>
          detail
            ? { ...detail, turns: detail.turns.map((each) => (each.id === turn.id ? turn : each)) }
            : detail,
        ),
    };
  }, [client, id]);
}
