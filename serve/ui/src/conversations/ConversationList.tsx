import { useDeferredValue, useRef, useState } from "react";

import type { Conversation } from "../api/types";
import { Icon } from "../components/Icon";
import { Spinner } from "../components/States";
import { useText } from "../i18n/language";
import { useShortcut } from "../shell/shortcuts";
import { ConversationItem } from "./ConversationItem";
import { useLeaving } from "./deletions";
import { byPeriod } from "./periods";
import { useConversations } from "./queries";
import "./conversations.css";

/** The conversations in the sidebar, by when they were last changed, and a search of them. */
export function ConversationList() {
  const { chat } = useText();
  const [words, setWords] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const found = useConversations(useDeferredValue(words.trim()));
  const leaving = useLeaving();
  useShortcut("mod+k", chat.searchConversations, () => field.current?.focus());
  const all = found.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = all.filter((each) => !leaving.has(each.id));
  return (
    <div className="conversations">
      <div className="conversations-search">
        <Icon name="search" size={16} />
        <input
          ref={field}
          type="search"
          aria-label={chat.searchConversations}
          placeholder={chat.searchPlaceholder}
          maxLength={200}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      </div>
      {found.isPending && <Spinner />}
      {found.data && !shown.length && (
        <p className="conversations-none">{words ? chat.noneFound : chat.empty}</p>
      )}
      <Periods conversations={shown} />
      {found.hasNextPage && (
        <button
          type="button"
          className="link-button"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {chat.more}
        </button>
      )}
    </div>
  );
}

function Periods({ conversations }: { conversations: Conversation[] }) {
  const { chat } = useText();
  const moment = (each: Conversation) => new Date(each.updated_at);
  return byPeriod(conversations, moment, new Date()).map(([period, found]) => (
    <section key={period} aria-label={chat.periods[period]}>
      <h2 className="conversations-period">{chat.periods[period]}</h2>
      <ul>
        {found.map((each) => (
          <ConversationItem key={each.id} conversation={each} />
        ))}
      </ul>
    </section>
  ));
}
