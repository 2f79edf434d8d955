import { useEffect, useRef } from "react";

import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import type { Turn } from "./queries";
import type { Run } from "./runs";

/** Have screen readers told how an answer comes along; its words they read in their own time. */
export function useAnnouncements(run: Run | null, last: Turn | null): void {
  const { chat } = useText();
  const { announce } = useNotices();
  const wasRunning = useRef(false);
  const stage = run && !run.isOver ? run.answer.stage : null;
  const place = run?.answer.place ?? 0;
  const passages = run?.answer.hits.length ?? 0;
  useEffect(() => {
    if (stage === null) return;
    wasRunning.current = true;
    if (stage === "searching") announce(chat.searching);
    else if (stage === "reading") announce(chat.reading(passages));
    else if (stage === "queued") announce(chat.queued(place));
    else if (stage === "writing") announce(chat.writing);
  }, [announce, chat, passages, place, stage]);
  useEffect(() => {
    if (run || !last || !wasRunning.current) return;
    wasRunning.current = false;
    if (last.abstained) announce(chat.notInDocuments);
    else if (last.state === "complete") announce(chat.ready(last.citations.length));
    else announce(last.state === "failed" ? chat.failed : chat.interrupted);
  }, [announce, chat, last, run]);
}
