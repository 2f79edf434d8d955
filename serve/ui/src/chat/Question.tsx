import { useId, useState, type KeyboardEvent } from "react";

import { Button, IconButton } from "../components/Button";
import { useText } from "../i18n/language";
import { isCounted, isFit } from "./limits";
import type { Turn } from "./queries";
import { QuestionLength } from "./QuestionLength";

interface QuestionProps {
  text: string;
  turn: Turn | null;
  onEdit: (text: string) => void;
  onBranch: (turnId: number) => void;
}

/** A question; it can be asked otherwise, and what was asked in its place is a step away. */
export function Question({ text, turn, onEdit, onBranch }: QuestionProps) {
  const { chat } = useText();
  const [isEditing, setEditing] = useState(false);
  const [wasLeft, setLeft] = useState(false);
  if (isEditing)
    return (
      <QuestionEditor
        text={text}
        onClose={() => {
          setLeft(true);
          setEditing(false);
        }}
        onEdit={(changed) => {
          setEditing(false);
          onEdit(changed);
        }}
      />
    );
  return (
    <div className="question">
      <p className="question-text" dir="auto">
        {text}
      </p>
      {turn && (
        <div className="question-tools">
          {turn.siblings.length > 1 && <Branches turn={turn} onBranch={onBranch} />}
          <IconButton
            icon="edit"
            label={chat.edit}
            autoFocus={wasLeft}
            onClick={() => setEditing(true)}
          />
        </div>
      )}
    </div>
  );
}

function Branches({ turn, onBranch }: { turn: Turn; onBranch: (turnId: number) => void }) {
  const { chat } = useText();
  const at = turn.siblings.indexOf(turn.id);
  const [before, after] = [turn.siblings[at - 1], turn.siblings[at + 1]];
  return (
    <div className="branches" role="group" aria-label={chat.versions}>
      <IconButton
        icon="back"
        label={chat.previousVersion}
        disabled={before === undefined}
        onClick={() => before !== undefined && onBranch(before)}
      />
      <span>
        {at + 1}/{turn.siblings.length}
      </span>
      <IconButton
        icon="forward"
        label={chat.nextVersion}
        disabled={after === undefined}
        onClick={() => after !== undefined && onBranch(after)}
      />
    </div>
  );
}

interface QuestionEditorProps {
  text: string;
  onClose: () => void;
  onEdit: (text: string) => void;
}

function QuestionEditor({ text, onClose, onEdit }: QuestionEditorProps) {
  const { chat, shell } = useText();
  const [changed, setChanged] = useState(text);
  const id = useId();
  const isToldLength = isCounted(changed);
  const submit = () => isFit(changed) && onEdit(changed.trim());
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
  };
  return (
    <form
      className="question-editor"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        aria-label={chat.edit}
        aria-invalid={(isToldLength && !isFit(changed)) || undefined}
        aria-describedby={isToldLength ? id : undefined}
        autoFocus
        dir="auto"
        rows={3}
        value={changed}
        onChange={(event) => setChanged(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {isToldLength && <QuestionLength id={id} text={changed} />}
      <div className="question-editor-actions">
        <Button onClick={onClose}>{shell.cancel}</Button>
        <Button kind="primary" type="submit" disabled={!isFit(changed)}>
          {chat.askThis}
        </Button>
      </div>
    </form>
  );
}
