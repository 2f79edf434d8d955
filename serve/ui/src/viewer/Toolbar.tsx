import { useState, type FormEvent } from "react";

import { IconButton } from "../components/Button";
import { useFormat } from "../i18n/format";
import { useText } from "../i18n/language";

interface ToolbarProps {
  current: number;
  count: number;
  onPage: (page: number) => void;
  zooms?: readonly number[];
  zoom?: number;
  onZoom?: (zoom: number) => void;
}

/** Which page is seen, and how large. */
export function Toolbar({ current, count, onPage, zooms = [], zoom = 1, onZoom }: ToolbarProps) {
  const { viewer } = useText();
  const format = useFormat();
  const at = zooms.indexOf(zoom);
  const [smaller, larger] = [zooms[at - 1], zooms[at + 1]];
  return (
    <div className="viewer-toolbar" role="group" aria-label={viewer.title}>
      <div className="viewer-tools">
        <IconButton
          icon="back"
          label={viewer.previousPage}
          disabled={current <= 1}
          onClick={() => onPage(current - 1)}
        />
        <PageField current={current} onPage={onPage} />
        <span className="viewer-count">{viewer.ofPages(format.number(count))}</span>
        <IconButton
          icon="forward"
          label={viewer.nextPage}
          disabled={current >= count}
          onClick={() => onPage(current + 1)}
        />
      </div>
      {onZoom && (
        <div className="viewer-tools">
          <IconButton
            icon="minus"
            label={viewer.zoomOut}
            disabled={smaller === undefined}
            onClick={() => smaller && onZoom(smaller)}
          />
          <button
            type="button"
            className="viewer-zoom"
            title={viewer.fitWidth}
            aria-label={`${percent(zoom)}, ${viewer.fitWidth}`}
            onClick={() => onZoom(1)}
          >
            {percent(zoom)}
          </button>
          <IconButton
            icon="add"
            label={viewer.zoomIn}
            disabled={larger === undefined}
            onClick={() => larger && onZoom(larger)}
          />
        </div>
      )}
    </div>
  );
}

function percent(zoom: number): string {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(zoom);
}

function PageField({ current, onPage }: Pick<ToolbarProps, "current" | "onPage">) {
  const { viewer } = useText();
  // What is being typed stays, wherever the document is scrolled to meanwhile.
  const [written, setWritten] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const page = Number.parseInt(written ?? "", 10);
    if (page > 0) onPage(page);
    setWritten(null);
  };
  return (
    <form onSubmit={submit}>
      <input
        className="viewer-page-field"
        inputMode="numeric"
        aria-label={viewer.pageNumber}
        value={written ?? current}
        onChange={(event) => setWritten(event.target.value)}
        onBlur={() => setWritten(null)}
      />
    </form>
  );
}
