import { useState } from "react";

import { Field } from "../components/Field";
import { useText } from "../i18n/language";
import { strengthOf } from "./strength";

interface PasswordFieldProps {
  name?: string;
  label?: string;
  error?: string | undefined;
  autoFocus?: boolean;
}

/** A new password: how strong it looks while it is written; the server has the last word. */
export function PasswordField({ name = "password", label, error, autoFocus }: PasswordFieldProps) {
  const { shell } = useText();
  const [password, setPassword] = useState("");
  const strength = strengthOf(password);
  return (
    <div className="password-field">
      <Field
        label={label ?? shell.newPassword}
        hint={shell.passwordHint}
        error={error}
        name={name}
        type="password"
        autoComplete="new-password"
        required
        autoFocus={autoFocus}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <div className={`strength strength-${password ? strength : "none"}`}>
        <span className="strength-bar" aria-hidden="true" />
        <span role="status">
          <span className="visually-hidden">{password && `${shell.strength}: `}</span>
          {password && shell.strengths[strength]}
        </span>
      </div>
    </div>
  );
}
