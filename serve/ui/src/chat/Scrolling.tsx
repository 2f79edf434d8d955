import type { ReactNode } from "react";

/** Code and tables that are wider than the column scroll by themselves. */
export function Scrolling({ children }: { children?: ReactNode }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keys
    <pre tabIndex={0}>{children}</pre>
  );
}

Scrolling.Table = function ScrollingTable({ children }: { children?: ReactNode }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
    <div className="prose-table" tabIndex={0}>
      <table>{children}</table>
    </div>
  );
};
