import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import type { Conversation } from "../api/types";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { rename } from "./queries";

const LONGEST = 200;

interface TitleFieldProps {
  conversation: Conversation;
  onClose: () => void;
}

/** A title where it stands: Enter or leaving keeps it, Escape does not; after keys the focus goes back. */
export function TitleField({ conversation, onClose }: TitleFieldProps) {
  const { chat } = useText();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const client = useQueryClient();
  const isClosed = useRef(false);
  const [opener] = useState(() => document.activeElement);
  const giveBack = () => opener instanceof HTMLElement && opener.focus();
  const close = (title: string) => {
    if (isClosed.current) return;
    isClosed.current = true;
    onClose();
    if (!title.trim() || title.trim() === conversation.title) return;
    rename(client, conversation.id, title.trim()).catch((error: unknown) =>
      toast({ kind: "error", text: messageOf(error) }),
    );
  };
  return (
    <input
      className="title-field"
      aria-label={chat.conversationTitle}
      autoFocus
      dir="auto"
      maxLength={LONGEST}
      defaultValue={conversation.title}
      onFocus={(event) => event.target.select()}
      onBlur={(event) => close(event.target.value)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") close(event.currentTarget.value);
        else if (event.key === "Escape") {
          event.stopPropagation();
          close("");
        } else return;
        // The key must not press the button that has the focus then.
        event.preventDefault();
        giveBack();
      }}
    />
  );
}
