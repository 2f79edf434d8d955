import { useEffect, useId, useRef, useState, type ReactNode } from "react";

import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import { useShortcut } from "../shell/shortcuts";
import { useAskable } from "./queries";

interface CollectionPickerProps {
  /** Ids; none for all. */
  chosen: readonly number[];
  onChoose: (chosen: number[]) => void;
}

/** Which collections are asked. Where there is but one, there is nothing to choose. */
export function CollectionPicker({ chosen, onChoose }: CollectionPickerProps) {
  const { chat } = useText();
  const collections = useAskable();
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!isOpen) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [isOpen]);
  if (collections.length < 2) return null;
  const names = collections.filter((each) => chosen.includes(each.id)).map((each) => each.name);
  const told = names.length > 1 ? chat.collectionCount(names.length) : names[0];
  return (
    <div className="picker" ref={root}>
      <button
        ref={button}
        type="button"
        className="picker-button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="document" size={16} />
        <span className="visually-hidden">{chat.asked}</span>
        <span className="picker-name">{told ?? chat.allDocuments}</span>
        <Icon name="chevronDown" size={14} />
      </button>
      {isOpen && (
        <PickerList
          id={id}
          onClose={() => {
            setOpen(false);
            button.current?.focus();
          }}
        >
          <label>
            <input type="checkbox" checked={!names.length} onChange={() => onChoose([])} />
            {chat.allDocuments}
          </label>
          {collections.map((each) => (
            <label key={each.id}>
              <input
                type="checkbox"
                checked={chosen.includes(each.id)}
                onChange={(event) =>
                  onChoose(
                    event.target.checked
                      ? [...chosen, each.id]
                      : chosen.filter((other) => other !== each.id),
                  )
                }
              />
              <span className="picker-name">{each.name}</span>
              <span className="picker-count">{each.document_count}</span>
            </label>
          ))}
        </PickerList>
      )}
    </div>
  );
}

interface PickerListProps {
  id: string;
  onClose: () => void;
  children: ReactNode;
}

function PickerList({ id, onClose, children }: PickerListProps) {
  const { chat, shell } = useText();
  useShortcut("Escape", shell.shortcutClose, onClose);
  return (
    <fieldset id={id} className="picker-list">
      <legend>{chat.asked}</legend>
      {children}
    </fieldset>
  );
}
