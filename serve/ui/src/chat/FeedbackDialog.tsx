import { useState } from "react";

import type { Schemas } from "../api/types";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { useText } from "../i18n/language";

const LONGEST = 4_000;
const REASONS = ["wrong_source", "wrong_answer", "incomplete", "other"] as const;

interface FeedbackDialogProps {
  onClose: () => void;
  onSend: (body: Schemas["FeedbackBody"]) => void;
}

/** What is wrong with an answer. */
export default function FeedbackDialog({ onClose, onSend }: FeedbackDialogProps) {
  const { chat, shell } = useText();
  const [reason, setReason] = useState<(typeof REASONS)[number]>("wrong_source");
  const [comment, setComment] = useState("");
  return (
    <Dialog
      title={chat.whatIsWrong}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{shell.cancel}</Button>
          <Button kind="primary" onClick={() => onSend({ value: "down", reason, comment })}>
            {chat.sendFeedback}
          </Button>
        </>
      }
    >
      <fieldset className="reasons">
        <legend className="visually-hidden">{chat.whatIsWrong}</legend>
        {REASONS.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="reason"
              checked={reason === each}
              onChange={() => setReason(each)}
            />
            {chat.reasons[each]}
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor="feedback-comment">{chat.comment}</label>
        <textarea
          id="feedback-comment"
          rows={3}
          maxLength={LONGEST}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
      </div>
    </Dialog>
  );
}
