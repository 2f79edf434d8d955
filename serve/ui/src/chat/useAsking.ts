import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { patch, post } from "../api/http";
import { messageIn } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { navigate } from "../router";
import { useMe } from "../session/session";
import { answerLanguage } from "../settings/answerLanguage";
import { draftKey, keepDraft } from "./drafts";
import { keepConversation, keepTurn, type Turn } from "./queries";
import { dismissRun, startRun, unkeptQuestionIn, type Ask } from "./runs";

/** What can be done with the turns of a conversation. */
export interface TurnActions {
  regenerate: (turnId: number, question: string) => void;
  edit: (turnId: number, question: string) => void;
  /** Have the rest of an answer written that was cut off. */
  goOn: (turnId: number, question: string) => void;
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
  const me = useMe();
  const ask = useAsking();
  return async (question: string, collections: readonly number[]) => {
    const from = window.location.pathname;
    const made = await post("/api/v1/conversations", { body: {} });
    keepConversation(client, { ...made, turns: [] });
    // The next question is asked of the same, though the first be refused.
    if (collections.length)
      keepDraft(draftKey(me.person_id, made.id), { text: "", collections: [...collections] });
    ask(made.id, question, collections);
    // Who has gone elsewhere meanwhile stays there.
    if (window.location.pathname === from) navigate(`/c/${made.id}`, { replace: true });
  };
}

export function useTurnActions(id: number, takeBack: (question: string) => void): TurnActions {
  const client = useQueryClient();
  const text = useText();
  const { toast } = useNotices();
  return useMemo(() => {
    const beside = (turnId: number, act: string, question: string, body: Ask["body"]) =>
      void startRun(client, id, {
        question,
        path: `/api/v1/turns/${turnId}/${act}`,
        body,
        besideId: turnId,
      });
    const regenerate = (turnId: number, question: string) =>
      beside(turnId, "regenerate", question, { language: answerLanguage() });
    return {
      regenerate,
      edit: (turnId, question) =>
        beside(turnId, "edit", question, { question, language: answerLanguage() }),
      goOn: (turnId, question) => beside(turnId, "continue", question, {}),
      again: (ask, turnId) =>
        turnId === null
          ? void startRun(client, id, ask)
          : regenerate(turnId, ask.question),
      dismiss: () => {
        takeBack(unkeptQuestionIn(id));
        dismissRun(id);
      },
      showBranch: (leafId) => {
        const options = { path: { conversation_id: id }, body: { leaf_id: leafId } };
        void patch("/api/v1/conversations/{conversation_id}", options).then(
          (detail) => keepConversation(client, detail),
          (error: unknown) => toast({ kind: "error", text: messageIn(text, error) }),
        );
      },
      changed: (turn) => keepTurn(client, id, turn),
    };
  }, [client, id, takeBack, text, toast]);
}
