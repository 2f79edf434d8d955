/** The source beside the chat: what is open in it, for whoever opens, shows or closes it. */
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";
import { flushSync } from "react-dom";

import type { Citation } from "../api/types";
import { usePath } from "../router";

export interface OpenSource {
  documentId: number;
  documentName: string;
  page: number;
  /** The quote to mark, from the boxes that were stored with the answer. */
  citation?: Citation;
  /** Without a citation: the passage to mark, such as one that a search found. */
  chunkId?: number;
  /** The citations of the answer it belongs to, for next and previous. */
  citations?: Citation[];
  /** The turn of that answer; while it is written, more may come. */
  turnId?: number | null;
}

interface SourceControl {
  source: OpenSource | null;
  /** Open a source; the focus goes back to where it was once it is closed. */
  open: (source: OpenSource) => void;
  close: () => void;
  /** Say what a turn's answer cites now, in case that its source is open. */
  follow: (turnId: number, citations: Citation[]) => void;
}

const SourceContext = createContext<SourceControl | null>(null);

export function SourceProvider({ children }: { children: ReactNode }) {
  const [source, setSource] = useState<OpenSource | null>(null);
  const path = usePath();
  const [at, setAt] = useState(path);
  if (at !== path) {
    // Another page has other sources; and where they cover it, going back must uncover it.
    setAt(path);
    setSource(null);
  }
  const opener = useRef<Element | null>(null);
  const follow = useCallback(
    (turnId: number, citations: Citation[]) =>
      setSource((now) => (now?.turnId === turnId ? { ...now, citations } : now)),
    [],
  );
  const control = useMemo<SourceControl>(
    () => ({
      source,
      open: (next) => {
        const active = document.activeElement;
        if (!active?.closest(".source-pane")) opener.current = active;
        setSource(next);
      },
      close: () => {
        // What the source covered cannot have the focus before it is uncovered.
        flushSync(() => setSource(null));
        const back = opener.current?.isConnected ? opener.current : document.getElementById("content");
        if (back instanceof HTMLElement) back.focus();
      },
      follow,
    }),
    [source, follow],
  );
  return <SourceContext value={control}>{children}</SourceContext>;
}

export function useSource(): SourceControl {
  const control = useContext(SourceContext);
  if (!control) throw new Error("useSource outside of SourceProvider");
  return control;
}
