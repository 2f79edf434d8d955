import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { Button, IconButton } from "../components/Button";
import { useFocusPassedOn } from "../components/focus";
import { useNotices } from "../components/Toasts";
import { useDocumentsText } from "../documents/texts";
import { countsOf, hasEnded, type UploadItem } from "./item";
import { TrayList } from "./TrayList";
import { cancelUpload, canRetry, clearEnded, retryUpload } from "./uploads";
import "./upload.css";

const REFRESH_MS = 1_500;

export default function Tray({ uploads }: { uploads: readonly UploadItem[] }) {
  const text = useDocumentsText();
  const [isOpen, setOpen] = useState(true);
  const { announce } = useNotices();
  const counts = countsOf(uploads);
  useFreshDocuments(counts.ended);
  useEffect(() => {
    if (counts.active > 0) return;
    const failed = counts.failed > 0 && text.trayFailed(counts.failed);
    announce([text.announceReady(counts.ready), failed].filter(Boolean).join(", "));
  }, [announce, counts.active, counts.failed, counts.ready, text]);
  const tray = useRef<HTMLElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);
  useFocusPassedOn(tray);
  const actOn = (act: () => void) => () => {
    // The button goes with what it acts on.
    toggle.current?.focus();
    act();
  };
  const title =
    counts.active > 0 ? text.traySending(counts.ready, counts.all) : text.trayDone(counts.ready);
  const retriable = uploads.filter((each) => each.state === "failed" && canRetry(each));
  return (
    <section ref={tray} className="tray" aria-label={text.tray}>
      <header className="tray-head">
        <div className="tray-title">
          <h2>{title}</h2>
          {counts.failed > 0 && <p className="tray-failed">{text.trayFailed(counts.failed)}</p>}
        </div>
        <IconButton
          ref={toggle}
          icon="chevronDown"
          className={isOpen ? "" : "tray-turned"}
          label={isOpen ? text.collapse : text.expand}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      </header>
      {counts.active > 0 && (
        <progress className="tray-bar" aria-label={text.tray} max={counts.all} value={counts.ended} />
      )}
      {isOpen && (
        <>
          <TrayList uploads={uploads} />
          <footer className="tray-foot">
            {retriable.length > 1 && (
              <Button
                kind="quiet"
                onClick={actOn(() => retriable.forEach((each) => void retryUpload(each.key)))}
              >
                {text.retryAll}
              </Button>
            )}
            {counts.active > 1 && (
              <Button
                kind="quiet"
                onClick={actOn(() =>
                  uploads.forEach((each) => !hasEnded(each) && void cancelUpload(each.key)),
                )}
              >
                {text.cancelAll}
              </Button>
            )}
            {counts.ended > 0 && (
              <Button kind="quiet" onClick={actOn(clearEnded)}>
                {text.clearFinished}
              </Button>
            )}
          </footer>
        </>
      )}
    </section>
  );
}

/** Have lists of documents read anew as files get in, but not for each of a thousand. */
function useFreshDocuments(ended: number): void {
  const client = useQueryClient();
  const waiting = useRef(0);
  useEffect(() => {
    if (!ended || waiting.current) return;
    waiting.current = window.setTimeout(() => {
      waiting.current = 0;
      for (const key of ["documents", "collections", "status"])
        void client.invalidateQueries({ queryKey: [key] });
    }, REFRESH_MS);
  }, [client, ended]);
}
