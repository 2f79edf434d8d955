import { Component, type ReactNode } from "react";

import { ProblemError } from "../api/problem";
import { useText } from "../i18n/language";
import { Button } from "./Button";
import { Icon } from "./Icon";
import { messageIn } from "./messages";

interface ErrorBoundaryProps {
  children: ReactNode;
  /** Where this changes, what failed is tried again. */
  place: string;
  /** What stands there instead; without it, a word about what broke. */
  fallback?: ReactNode;
}

/** Catches what breaks while a page is drawn, so that the rest stays usable. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { error: unknown; place: string }> {
  override state = { error: null as unknown, place: this.props.place };

  static getDerivedStateFromError(error: unknown) {
    return { error: error ?? new Error("thrown without an error") };
  }

  static getDerivedStateFromProps(props: ErrorBoundaryProps, state: { place: string }) {
    return props.place === state.place ? null : { error: null, place: props.place };
  }

  override render() {
    const { children, fallback = <Broken error={this.state.error} /> } = this.props;
    return this.state.error === null ? children : fallback;
  }
}

function Broken({ error }: { error: unknown }) {
  const text = useText();
  const { problems } = text;
  const problem = error instanceof ProblemError ? error.problem : null;
  return (
    <div className="state state-error" role="alert">
      <Icon name="warning" size={32} />
      <h1>{problems.broken}</h1>
      <p>{problem ? messageIn(text, error) : problems.brokenBody}</p>
      {problem?.request_id && <p>{problems.requestId(problem.request_id)}</p>}
      <Button icon="retry" onClick={() => window.location.reload()}>
        {problems.reload}
      </Button>
    </div>
  );
}
