import { useState } from "react";

import type { Conversation } from "../api/types";
import { Link } from "../components/Link";
import { useText } from "../i18n/language";
import { usePath } from "../router";
import { ConversationMenu } from "./ConversationMenu";
import { TitleField } from "./TitleField";

export function ConversationItem({ conversation }: { conversation: Conversation }) {
  const { chat } = useText();
  const path = usePath();
  const [isNaming, setNaming] = useState(false);
  const { id, title } = conversation;
  return (
    <li className="conversation">
      {isNaming ? (
        <TitleField conversation={conversation} onClose={() => setNaming(false)} />
      ) : (
        <Link
          href={`/c/${id}`}
          className="nav-link"
          title={title}
          aria-current={path === `/c/${id}` ? "page" : undefined}
        >
          <span className="nav-name" dir="auto">
            {title || chat.untitled}
          </span>
        </Link>
      )}
      <ConversationMenu conversation={conversation} onRename={() => setNaming(true)} />
    </li>
  );
}
