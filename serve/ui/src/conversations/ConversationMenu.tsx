import type { Conversation } from "../api/types";
import { Icon } from "../components/Icon";
import { Menu } from "../components/Menu";
import { useText } from "../i18n/language";
import { useDeletion } from "./deletions";
import { exportAddress } from "./queries";

interface ConversationMenuProps {
  conversation: Conversation;
  onRename: () => void;
}

export function ConversationMenu({ conversation, onRename }: ConversationMenuProps) {
  const { chat } = useText();
  const remove = useDeletion();
  const { id, title } = conversation;
  return (
    <Menu
      label={chat.actionsOf(title || chat.untitled)}
      className="icon-button conversation-more"
      items={[
        { label: chat.rename, icon: "edit", onSelect: onRename },
        { label: chat.exportMarkdown, icon: "download", onSelect: () => save(id, "md") },
        { label: chat.exportJson, icon: "download", onSelect: () => save(id, "json") },
        { label: chat.delete, icon: "trash", danger: true, onSelect: () => remove(conversation) },
      ]}
    >
      <Icon name="more" size={18} />
    </Menu>
  );
}

/** The server names the file. */
function save(id: number, format: "md" | "json"): void {
  const link = document.createElement("a");
  link.href = exportAddress(id, format);
  link.download = "";
  link.click();
}
