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

/** An h1 where the state is all that the page has. */
type Heading = "h1" | "h2";

interface EmptyStateProps {
  icon?: IconName;
  title: string;
  heading?: Heading;
  children?: ReactNode;
}

export function EmptyState({
  icon = "document",
  title,
  heading: Title = "h2",
  children,
}: EmptyStateProps) {
  return (
    <div className="state">
      <Icon name={icon} size={32} />
      <Title>{title}</Title>
      {children}
    </div>
  );
}

interface ErrorStateProps {
  error: unknown;
  heading?: Heading;
  onRetry?: () => void;
}

/** An error in words of the interface; try again where that may help. */
export function ErrorState({ error, heading: Title = "h2", onRetry }: ErrorStateProps) {
  const text = useText();
  const { shell } = text;
  const isMissing = error instanceof ProblemError && error.code === "not_found";
  return (
    <div className="state state-error" role="alert">
      <Icon name="warning" size={32} />
      <Title>{isMissing ? shell.notFound : shell.failed}</Title>
      <p>{isMissing ? shell.notFoundBody : messageIn(text, error)}</p>
      {onRetry && !isMissing && (
        <Button icon="retry" onClick={onRetry}>
          {shell.retry}
        </Button>
      )}
    </div>
  );
}
