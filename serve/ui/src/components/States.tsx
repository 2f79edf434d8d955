/** What a page shows while it has nothing else: waiting, empty, failed. */
import type { ReactNode } from "react";

import { ProblemError } from "../api/problem";
import { useText } from "../i18n/language";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import { messageIn } from "./messages";

export function Spinner({ label }: { label?: string }) {
  const { shell } = useText();
  return (
    <div className="spinner" role="status">
      <span className="spinner-ring" aria-hidden="true" />
      <span className={label ? "" : "visually-hidden"}>{label ?? shell.loading}</span>
    </div>
  );
}

interface EmptyStateProps {
  icon?: IconName;
  title: string;
  children?: ReactNode;
}

export function EmptyState({ icon = "document", title, children }: EmptyStateProps) {
  return (
    <div className="state">
      <Icon name={icon} size={32} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
}

/** An error in words of the interface; try again where that may help. */
export function ErrorState({ error, onRetry }: ErrorStateProps) {
  const { problems, shell } = useText();
  const isMissing = error instanceof ProblemError && error.code === "not_found";
  return (
    <div className="state state-error" role="alert">
      <Icon name="warning" size={32} />
      <h2>{isMissing ? shell.notFound : shell.failed}</h2>
      <p>{isMissing ? shell.notFoundBody : messageIn(problems, error)}</p>
      {onRetry && !isMissing && (
        <Button icon="retry" onClick={onRetry}>
          {shell.retry}
        </Button>
      )}
    </div>
  );
}
