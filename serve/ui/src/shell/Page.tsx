import { useEffect, type ReactNode } from "react";

interface PageProps {
  title: string;
  /** Buttons beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of one scrolling column with its one h1. */
export function Page({ title, actions, children }: PageProps) {
  usePageTitle(title);
  return (
    <div className="page">
      <header className="page-head">
        <h1>{title}</h1>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Have the browser's tab named after the page. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Cloister`;
  }, [title]);
}
