import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { get } from "../api/http";
import type { Collection } from "../api/types";
import { Icon } from "../components/Icon";
import { useNotices } from "../components/Toasts";
import { useDocumentsText } from "../documents/texts";
import { CollectionDialog } from "./CollectionDialog";
import { filesOfDrop, type Picked } from "./dropped";
import { addFiles } from "./uploads";
import { currentTarget } from "./target";
import { listenForPicked } from "./picked";
import "./upload.css";

/** The whole window takes files; where more than one collection could, it asks for which. */
export default function DropZone() {
  const text = useDocumentsText();
  const { toast } = useNotices();
  const [isOver, setOver] = useState(false);
  const [picked, setPicked] = useState<Picked[] | null>(null);
  const writable = useWritable();
  const take = (files: Picked[], target: number | null) => {
    const only = writable.length === 1 ? writable[0] : undefined;
    const into = writable.find((each) => each.id === target) ?? (target === null ? only : undefined);
    if (!files.length) return;
    if (into) void addFiles(files, into.id);
    else if (writable.length) setPicked(files);
    else toast({ text: text.dropNowhere, kind: "error" });
  };
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => listenForPicked((files, target) => latest.current(files, target)), []);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
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
      void filesOfDrop(event.dataTransfer).then((files) => latest.current(files, target));
    };
    const listened = { dragenter: over, dragover: over, dragleave: leave, drop } as const;
    for (const [name, listener] of Object.entries(listened))
      window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listened))
        window.removeEventListener(name, listener as EventListener);
    };
  }, []);
  const into = writable.find((each) => each.id === currentTarget());
  return (
    <>
      {isOver && (
        <section className="drop-zone" aria-label={text.dropHere}>
          <div className="drop-card">
            <Icon name="upload" size={32} />
            <p className="drop-title">{text.dropHere}</p>
            {into && <p>{text.dropInto(into.name)}</p>}
          </div>
        </section>
      )}
      {picked && (
        <CollectionDialog
          count={picked.length}
          collections={writable}
          onClose={() => setPicked(null)}
          onChoose={(collection) => {
            setPicked(null);
            void addFiles(picked, collection);
          }}
        />
      )}
    </>
  );
}

function useWritable(): Collection[] {
  const { data } = useQuery({
    queryKey: ["collections"],
    queryFn: () => get("/api/v1/collections"),
  });
  return (data?.items ?? []).filter(({ role }) => role === "writer" || role === "manager");
}
