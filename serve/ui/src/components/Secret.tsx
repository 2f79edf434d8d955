import { useId, useRef, useState } from "react";

import { useText } from "../i18n/language";
import { Button } from "./Button";
import { copy } from "./clipboard";
import { useNotices } from "./Toasts";
import "./secret.css";

/** Something that is shown this once, to be copied. */
export function Secret({ label, value }: { label: string; value: string }) {
  const { chat, shell } = useText();
  const { announce } = useNotices();
  const [isCopied, setCopied] = useState(false);
  const [isRefused, setRefused] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const copied = () => {
    setCopied(true);
    setRefused(false);
    announce(shell.copied);
  };
  // What is selected can still be copied by keys.
  const refused = () => {
    setRefused(true);
    field.current?.focus();
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="secret">
        <input
          ref={field}
          id={id}
          readOnly
          value={value}
          onFocus={(event) => event.target.select()}
        />
        <Button
          icon={isCopied ? "check" : "copy"}
          onClick={() => void copy(value).then(copied, refused)}
        >
          {isCopied ? shell.copied : shell.copy}
        </Button>
      </div>
      {isRefused && (
        <p className="field-error" role="alert">
          {chat.notCopied}
        </p>
      )}
    </div>
  );
}
