import type { Schemas } from "../api/types";
import { FormDialog } from "../components/FormDialog";
import { useText } from "../i18n/language";

const LONGEST = 4_000;
const REASONS = ["wrong_source", "wrong_answer", "incomplete", "other"] as const;

interface FeedbackDialogProps {
  onClose: () => void;
  onSend: (body: Schemas["FeedbackBody"]) => Promise<unknown>;
}

/** What is wrong with an answer. */
export default function FeedbackDialog({ onClose, onSend }: FeedbackDialogProps) {
  const { chat } = useText();
  const send = (form: FormData) =>
    onSend({
      value: "down",
      reason: form.get("reason") as (typeof REASONS)[number],
      comment: String(form.get("comment")),
    });
  return (
    <FormDialog title={chat.whatIsWrong} action={chat.sendFeedback} onSend={send} onClose={onClose}>
      <fieldset className="reasons">
        <legend className="visually-hidden">{chat.whatIsWrong}</legend>
        {REASONS.map((each) => (
          <label key={each}>
            <input type="radio" name="reason" value={each} defaultChecked={each === REASONS[0]} />
            {chat.reasons[each]}
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor="feedback-comment">{chat.comment}</label>
        <textarea id="feedback-comment" name="comment" rows={3} maxLength={LONGEST} />
      </div>
    </FormDialog>
  );
}
