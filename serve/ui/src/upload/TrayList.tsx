import { useState, type UIEvent } from "react";

import type { UploadItem } from "./item";
import { TrayRow } from "./TrayRow";

const ROW_REM = 4.75;
const SHOWN_ROWS = 5;
const SPARE = 4;

/** The files, of which only those in view are drawn. */
export function TrayList({ uploads }: { uploads: readonly UploadItem[] }) {
  const [top, setTop] = useState(0);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const row = ROW_REM * rem;
  const first = Math.max(0, Math.min(Math.floor(top / row), uploads.length - 1) - SPARE);
  const inView = uploads.slice(first, first + SHOWN_ROWS + 2 * SPARE);
  return (
    <div
      className="tray-list"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keys
      tabIndex={0}
      role="group"
      onScroll={(event: UIEvent<HTMLDivElement>) => setTop(event.currentTarget.scrollTop)}
    >
      <ul style={{ paddingTop: first * row, height: uploads.length * row }}>
        {inView.map((item) => (
          <TrayRow key={item.key} item={item} />
        ))}
      </ul>
    </div>
  );
}
