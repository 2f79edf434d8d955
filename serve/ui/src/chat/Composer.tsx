import {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
} from "react";

import { Button } from "../components/Button";
import { useText } from "../i18n/language";
import { useFormat } from "../i18n/format";
import { useShortcut } from "../shell/shortcuts";
import { MAX_QUESTION } from "./limits";

const COUNTED_FROM = MAX_QUESTION - 500;

interface ComposerProps {
  text: string;
  isBusy: boolean;
  onText: (text: string) => void;
  onAsk: (question: string) => void;
  onStop: () => void;
  /** What stands beside the button: the choice of collections. */
  children?: ReactNode;
}

/** Where questions are written: Enter asks, Shift and Enter begin a line. */
export function Composer({ text, isBusy, onText, onAsk, onStop, children }: ComposerProps) {
  const { chat } = useText();
  const format = useFormat();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const length = [...text.trim()].length;
  const isTooLong = length > MAX_QUESTION;
  const canAsk = length > 0 && !isTooLong && !isBusy;
  useShortcut("/", chat.focusComposer, () => field.current?.focus());
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);
  useLayoutEffect(() => {
    const own = field.current;
    if (!own) return;
    own.style.height = "auto";
    own.style.height = `${own.scrollHeight + 2}px`;
  }, [text]);
  const ask = () => canAsk && onAsk(text.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    ask();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={field}
        aria-label={chat.question}
        aria-invalid={isTooLong || undefined}
        aria-describedby={length > COUNTED_FROM ? id : undefined}
        placeholder={chat.placeholder}
        dir="auto"
        rows={1}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {length > COUNTED_FROM && (
        <p id={id} className={isTooLong ? "composer-count field-error" : "composer-count"}>
          {isTooLong
            ? chat.tooLong(format.number(length), format.number(MAX_QUESTION))
            : chat.length(format.number(length), format.number(MAX_QUESTION))}
        </p>
      )}
      <div className="composer-foot">
        {children}
        <span className="composer-space" />
        {isBusy ? (
          <Button icon="stop" className="composer-button" onClick={onStop}>
            {chat.stop}
          </Button>
        ) : (
          <Button
            kind="primary"
            icon="send"
            type="submit"
            className="composer-button"
            disabled={!canAsk}
          >
            {chat.send}
          </Button>
        )}
      </div>
    </form>
  );
}
