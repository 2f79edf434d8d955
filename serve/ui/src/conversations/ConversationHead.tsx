import { useState } from "react";

import type { Conversation } from "../api/types";
import { useText } from "../i18n/language";
import { ConversationMenu } from "./ConversationMenu";
import { TitleField } from "./TitleField";
import "./conversations.css";

interface ConversationHeadProps {
  conversation: Conversation;
  /** What is being asked: it gives the title while there is none. */
  question: string;
}

/** What a conversation is called, and what can be done with it. */
export function ConversationHead({ conversation, question }: ConversationHeadProps) {
  const { chat } = useText();
  const [isNaming, setNaming] = useState(false);
  const title = conversation.title || question || chat.untitled;
  return (
    <header className="conversation-head">
      <h1 className={isNaming ? "visually-hidden" : ""} title={title} dir="auto">
        {title}
      </h1>
      {isNaming && <TitleField conversation={conversation} onClose={() => setNaming(false)} />}
      <ConversationMenu conversation={conversation} onRename={() => setNaming(true)} />
    </header>
  );
}
