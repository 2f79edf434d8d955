import { useEffect, useState } from "react";

import { codeOf } from "../api/problem";
import { FormError } from "../components/Field";
import { Link } from "../components/Link";
import { useMessageOf } from "../components/messages";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { ConversationHead } from "../conversations/ConversationHead";
import { useText } from "../i18n/language";
import { useMe } from "../session/session";
import { usePageTitle } from "../shell/Page";
import { useShortcut } from "../shell/shortcuts";
import { AnswerText } from "./AskedTurn";
import { Beginning } from "./Beginning";
import { CollectionPicker } from "./CollectionPicker";
import { Composer } from "./Composer";
import { draftKey, keepDraft, keptDraft, useDraft } from "./drafts";
import { Footing } from "./Footing";
import { useConversation, useStillAskable, type Detail } from "./queries";
import { stopRun, unkeptQuestion, useRun, type Run } from "./runs";
import { Thread } from "./Thread";
import { useAnnouncements } from "./useAnnouncements";
import { useAsking, useBeginning, useTurnActions } from "./useAsking";
import "./chat.css";

/** A conversation, or where one begins. */
export function ChatPage({ conversationId }: { conversationId: number | null }) {
  return conversationId === null ? (
    <NewConversation key="new" />
  ) : (
    <Conversation key={conversationId} id={conversationId} />
  );
}

function NewConversation() {
  const { chat } = useText();
  const messageOf = useMessageOf();
  const key = draftKey(useMe().person_id, null);
  const { draft, change } = useDraft(key);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const begin = useBeginning();
  const collections = useStillAskable(draft.collections ?? []);
  usePageTitle(chat.title);
  const isWritten = draft.text !== "";
  useEffect(() => {
    if (isWritten) AnswerText.ahead();
  }, [isWritten]);
  const ask = async (question: string) => {
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await begin(question, collections);
      const kept = keptDraft(key);
      if (kept.text.trim() === question) keepDraft(key, { ...kept, text: "" });
    } catch (failed) {
      if (!keptDraft(key).text) change({ text: question });
      if (codeOf(failed) !== "not_signed_in") setError(failed);
      setBusy(false);
    }
  };
  return (
    <div className="chat chat-new">
      <Beginning collections={collections} onAsk={(question) => void ask(question)} />
      <div className="chat-foot">
        {error !== null && <FormError>{messageOf(error)}</FormError>}
        <Composer
          text={draft.text}
          isBusy={isBusy}
          onText={(text) => change({ text })}
          onAsk={(question) => void ask(question)}
          onStop={() => undefined}
        >
          <CollectionPicker
            chosen={collections}
            onChoose={(chosen) => change({ collections: chosen })}
          />
        </Composer>
        <Footing />
      </div>
    </div>
  );
}

function Conversation({ id }: { id: number }) {
  const { chat, shell } = useText();
  const { data, error, refetch } = useConversation(id);
  const run = useRun(id);
  useEffect(() => AnswerText.ahead(), []);
  if (data) return <Conversing detail={data} run={run} />;
  if (codeOf(error) === "not_found")
    return (
      <EmptyState icon="chat" heading="h1" title={chat.conversationGone}>
        <p>{chat.conversationGoneWhy}</p>
        <Link href="/">{shell.newChat}</Link>
      </EmptyState>
    );
  if (error) return <ErrorState heading="h1" error={error} onRetry={() => void refetch()} />;
  return <Spinner />;
}

function Conversing({ detail, run }: { detail: Detail; run: Run | null }) {
  const { chat, shell } = useText();
  const { id, title, turns } = detail;
  const { draft, change, takeBack } = useDraft(draftKey(useMe().person_id, id));
  const ask = useAsking();
  const actions = useTurnActions(id, takeBack);
  const isBusy = run !== null && !run.isOver;
  const collections = useStillAskable(draft.collections ?? turns.at(-1)?.asked.collections ?? []);
  usePageTitle(title || chat.untitled);
  useAnnouncements(run, turns.at(-1) ?? null);
  useShortcut("Escape", shell.shortcutClose, () => {
    if (!isBusy) return false;
    stopRun(id);
  });
  return (
    <div className="chat">
      <ConversationHead conversation={detail} question={run?.ask.question ?? ""} />
      <Thread detail={detail} run={run} actions={actions} />
      <div className="chat-foot">
        <Composer
          text={draft.text}
          isBusy={isBusy}
          onText={(text) => change({ text })}
          onAsk={(question) => {
            // What is asked takes the place of what did not arrive before.
            const unkept = unkeptQuestion(run);
            change({ text: unkept === question ? "" : unkept });
            ask(id, question, collections);
          }}
          onStop={() => stopRun(id)}
        >
          <CollectionPicker
            chosen={collections}
            onChoose={(chosen) => change({ collections: chosen })}
          />
        </Composer>
        <Footing />
      </div>
    </div>
  );
}
