import { useFormat } from "../i18n/format";
import { useText } from "../i18n/language";
import { lengthOf, MAX_QUESTION } from "./limits";

/** How long a question is, and that it is too long. */
export function QuestionLength({ id, text }: { id: string; text: string }) {
  const { chat } = useText();
  const format = useFormat();
  const [length, most] = [format.number(lengthOf(text)), format.number(MAX_QUESTION)];
  const isTooLong = lengthOf(text) > MAX_QUESTION;
  return (
    <p id={id} className={isTooLong ? "question-length field-error" : "question-length"}>
      {isTooLong ? chat.tooLong(length, most) : chat.length(length, most)}
    </p>
  );
}
