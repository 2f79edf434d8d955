import { Icon } from "../components/Icon";
import { useWelcomeText } from "./texts";

const STEPS = ["account", "documents", "question"] as const;
export type Step = (typeof STEPS)[number];

/** Where one is on the way in. */
export function Steps({ present }: { present: Step }) {
  const welcome = useWelcomeText();
  const at = STEPS.indexOf(present);
  return (
    <ol className="welcome-steps">
      {STEPS.map((step, index) => (
        <li
          key={step}
          aria-current={step === present ? "step" : undefined}
          className={index < at ? "welcome-step welcome-step-done" : "welcome-step"}
        >
          <span className="welcome-number" aria-hidden="true">
            {index < at ? <Icon name="check" size={16} /> : index + 1}
          </span>
          {welcome.steps[step]}
          {index < at && <span className="visually-hidden"> ({welcome.done})</span>}
        </li>
      ))}
    </ol>
  );
}
