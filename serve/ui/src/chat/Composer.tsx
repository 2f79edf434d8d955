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
import { useShortcut } from "../shell/shortcuts";
import { isCounted, isFit } from "./limits";
import { QuestionLength } from "./QuestionLength";

// Elsewhere a keyboard would come up.
const FINE = "(pointer: fine)";

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
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const isToldLength = isCounted(text);
  const canAsk = isFit(text) && !isBusy;
  useShortcut("/", chat.focusComposer, () => field.current?.focus());
  useEffect(() => {
    if (window.matchMedia(FINE).matches) field.current?.focus();
  }, []);
  useLayoutEffect(() => {
    const own = field.current;
    if (!own) return;
    own.style.height = "auto";
    own.style.height = `${own.scrollHeight + 2}px`;
  }, [text]);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // The button to stop is one to ask now, and rests: it would lose the focus to nothing.
    const hasFocus = document.activeElement === button.current;
    if (!isBusy && hasFocus && window.matchMedia(FINE).matches) field.current?.focus();
  }, [isBusy]);
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
        aria-invalid={(isToldLength && !isFit(text)) || undefined}
        aria-describedby={isToldLength ? id : undefined}
        placeholder={chat.placeholder}
        dir="auto"
        rows={1}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {isToldLength && <QuestionLength id={id} text={text} />}
      <div className="composer-foot">
        {children}
        <span className="composer-space" />
        {isBusy ? (
          <Button ref={button} icon="stop" className="composer-button" onClick={onStop}>
            {chat.stop}
          </Button>
        ) : (
          <Button
            ref={button}
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
