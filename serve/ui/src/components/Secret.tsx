import { useId, useState } from "react";

import { useText } from "../i18n/language";
import { Button } from "./Button";
import { useNotices } from "./Toasts";
import "./secret.css";

/** Something that is shown this once, to be copied. */
export function Secret({ label, value }: { label: string; value: string }) {
  const { shell } = useText();
  const { announce } = useNotices();
  const [isCopied, setCopied] = useState(false);
  const id = useId();
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    announce(shell.copied);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="secret">
        <input id={id} readOnly value={value} onFocus={(event) => event.target.select()} />
        <Button icon={isCopied ? "check" : "copy"} onClick={() => void copy()}>
          {isCopied ? shell.copied : shell.copy}
        </Button>
      </div>
    </div>
  );
}
