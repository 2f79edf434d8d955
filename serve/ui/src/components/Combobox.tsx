import { useId, useState, type KeyboardEvent } from "react";

import "./combobox.css";

export interface Choice {
  key: string;
  label: string;
  /** What it is, beside its name. */
  kind: string;
}

interface ComboboxProps<T extends Choice> {
  label: string;
  placeholder: string;
  value: string;
  choices: readonly T[];
  /** What is shown was found for other words: the keys do not choose of it. */
  isAwaited: boolean;
  /** Told where there is nothing, or not everything, to choose from. */
  note: string;
  onType: (value: string) => void;
  onChoose: (choice: T) => void;
}

/**
 * A field with what it finds below it; the pointer chooses, and so do arrow keys and Enter. The list
 * stays, and as high as it is: nothing moves from under the pointer.
 */
export function Combobox<T extends Choice>(props: ComboboxProps<T>) {
  const { label, placeholder, value, choices, isAwaited, note, onType, onChoose } = props;
  const id = useId();
  const [hasFocus, setFocus] = useState(false);
  const [at, setAt] = useState(0);
  const isActive = hasFocus && !isAwaited;
  const active = isActive ? choices[Math.min(at, choices.length - 1)] : undefined;
  const choose = (choice: T | undefined) => {
    if (!choice) return;
    onChoose(choice);
    setAt(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) choose(active);
    else if (isActive && choices.length) setAt((choices.indexOf(active ?? choices[0]!) + step + choices.length) % choices.length);
  };
  return (
    <div className="field combobox">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={choices.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={active && `${id}-${active.key}`}
        aria-describedby={`${id}-note`}
        autoComplete="off"
        placeholder={placeholder}
        value={value}
        onFocus={() => setFocus(true)}
        onBlur={() => setFocus(false)}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setAt(0);
          onType(event.target.value);
        }}
      />
      <div className="combobox-found">
        <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={choices.length === 0}>
          {choices.map((choice) => (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- The field has the keys.
            <li
              key={choice.key}
              id={`${id}-${choice.key}`}
              ref={choice === active ? inSight : undefined}
              role="option"
              aria-selected={choice === active}
              // The field keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(choice)}
            >
              <span>{choice.label}</span>
              <small>{choice.kind}</small>
            </li>
          ))}
        </ul>
        <p id={`${id}-note`} className="field-hint" role="status">
          {note}
        </p>
      </div>
    </div>
  );
}

function inSight(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: "nearest" });
}
