/** Files that are held over the window, dropped on it, or picked on any page. */
import { useCallback, useEffect, useState } from "react";

import { filesOfDrop, type Picked } from "./dropped";
import { uploadsAhead } from "./parts";
import { listenForPicked } from "./picked";
import { currentTarget } from "./target";

export interface Offer {
  files: Picked[];
  /** The collection that was in view. */
  target: number | null;
}

interface Offered {
  isOver: boolean;
  /** What waits to be taken, or refused. */
  offer: Offer | null;
  settle: () => void;
}

/** What waits already, with what comes on top of it. */
function withMore(before: Offer | null, more: Offer): Offer | null {
  if (!more.files.length) return before;
  return before ? { ...before, files: [...before.files, ...more.files] } : more;
}

/** The whole window takes files. */
export function useOffered(): Offered {
  const [isOver, setOver] = useState(false);
  const [offer, setOffer] = useState<Offer | null>(null);
  const settle = useCallback(() => setOffer(null), []);
  useEffect(() => {
    const take = (files: Picked[], target: number | null) =>
      setOffer((before) => withMore(before, { files, target }));
    return listenForPicked(take);
  }, []);
  useEffect(() => {
    const signs = ["pointermove", "keydown"] as const;
    for (const sign of signs) window.addEventListener(sign, uploadsAhead, { once: true });
    return () => {
      for (const sign of signs) window.removeEventListener(sign, uploadsAhead);
    };
  }, []);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      uploadsAhead();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(false);
      const target = currentTarget();
      void filesOfDrop(event.dataTransfer).then((files) =>
        setOffer((before) => withMore(before, { files, target })),
      );
    };
    const listened = { dragenter: over, dragover: over, dragleave: leave, drop } as const;
    for (const [name, listener] of Object.entries(listened))
      window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listened))
        window.removeEventListener(name, listener as EventListener);
    };
  }, []);
  return { isOver, offer, settle };
}
