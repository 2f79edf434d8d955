import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import Markdown from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkGfm from "remark-gfm";

import { post } from "../api/http";
import { events } from "../api/sse";
import type { AnswerEvent } from "../api/types";
import { Button } from "../components/Button";
import { FormError } from "../components/Field";
import { messageOf } from "../components/States";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { usePageTitle } from "../shell/Page";
import { useShortcut } from "../shell/shortcuts";
import "./chat.css";

interface Exchange {
  question: string;
  answer: string;
}

/** Questions and their answers as they are written. */
export function ChatPage({ conversationId }: { conversationId: number | null }) {
  const { chat, shell } = useText();
  const { announce } = useNotices();
  const client = useQueryClient();
  const composer = useRef<HTMLTextAreaElement>(null);
  const running = useRef<AbortController | null>(null);
  const conversation = useRef(conversationId);
  const [exchanges, setExchanges] = useState<Exchange[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  usePageTitle(chat.title);
  useShortcut("/", chat.focusComposer, () => composer.current?.focus());
  useShortcut("Escape", shell.shortcutClose, () => {
    if (!running.current) return false;
    running.current.abort();
  });
  useEffect(() => () => running.current?.abort(), []);

  const ask = async (question: string) => {
    const abort = new AbortController();
    running.current = abort;
    setBusy(true);
    setError(null);
    setExchanges((now) => [...now, { question, answer: "" }]);
    announce(chat.searching);
    try {
      conversation.current ??= (await post("/api/v1/conversations", { body: {} })).id;
      const path = `/api/v1/conversations/${conversation.current}/turns`;
      const request = { body: { question }, signal: abort.signal };
      for await (const event of events<AnswerEvent>("POST", path, request)) {
        if (event.type === "text") setExchanges((now) => withMore(now, event.delta));
      }
      announce(chat.ready);
    } catch (failed) {
      if (!abort.signal.aborted) setError(failed);
    } finally {
      running.current = null;
      setBusy(false);
      void client.invalidateQueries({ queryKey: ["conversations"] });
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const question = composer.current?.value.trim();
    if (!question || isBusy) return;
    composer.current!.value = "";
    void ask(question);
  };

  return (
    <div className="chat">
      <div className="thread">
        <div className="thread-column">
          <h1 className={exchanges.length ? "visually-hidden" : "chat-title"}>{chat.title}</h1>
          {exchanges.map(({ question, answer }, index) => (
            <article key={index} className="exchange">
              <p className="exchange-question">{question}</p>
              <Markdown remarkPlugins={[remarkGfm]} rehypePlugins={[rehypeSanitize]}>
                {answer}
              </Markdown>
            </article>
          ))}
          {error !== null && <FormError>{messageOf(error, shell.unreachable)}</FormError>}
        </div>
      </div>
      <form className="composer" onSubmit={submit}>
        <textarea
          ref={composer}
          aria-label={chat.question}
          placeholder={chat.placeholder}
          rows={2}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }
          }}
        />
        {isBusy ? (
          <Button icon="stop" onClick={() => running.current?.abort()}>
            {chat.stop}
          </Button>
        ) : (
          <Button kind="primary" icon="send" type="submit">
            {chat.send}
          </Button>
        )}
        <p className="composer-note">{chat.privacy}</p>
      </form>
    </div>
  );
}

function withMore(exchanges: Exchange[], delta: string): Exchange[] {
  const last = exchanges.at(-1);
  return last ? [...exchanges.slice(0, -1), { ...last, answer: last.answer + delta }] : exchanges;
}
