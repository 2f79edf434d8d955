import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { post } from "../api/http";
import type { Collection, Document } from "../api/types";
import { Button } from "../components/Button";
import { useFocusPassedOn } from "../components/focus";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { canWrite } from "./collections";
import { useDocumentsText } from "./texts";

interface SelectionBarProps {
  documents: Document[];
  collections: Collection[];
  onClear: () => void;
  onDelete: (documents: Document[]) => void;
}

/** What can be done with the selected documents. */
export function SelectionBar({ documents, collections, onClear, onDelete }: SelectionBarProps) {
  const text = useDocumentsText();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const writable = new Set(collections.filter(canWrite).map((each) => each.id));
  const own = documents.filter((each) => writable.has(each.collection_id));
  const failed = own.filter((each) => each.state === "failed");
  const retry = async () => {
    try {
      for (const { id } of failed)
        await post("/api/v1/documents/{document_id}/retry", { path: { document_id: id } });
      onClear();
    } catch (refused) {
      toast({ text: messageOf(refused), kind: "error" });
    }
    await client.invalidateQueries({ queryKey: ["documents"] });
  };
  const bar = useRef<HTMLDivElement>(null);
  useFocusPassedOn(bar);
  return (
    <div ref={bar} className="documents-selection" role="group" aria-label={text.selected(documents.length)}>
      <span role="status">{text.selected(documents.length)}</span>
      <Button kind="quiet" onClick={onClear}>
        {text.clearSelection}
      </Button>
      {failed.length > 0 && (
        <Button icon="retry" onClick={() => void retry()}>
          {text.retry}
        </Button>
      )}
      {own.length > 0 && (
        <Button kind="danger" icon="trash" onClick={() => onDelete(own)}>
          {text.delete}
        </Button>
      )}
    </div>
  );
}
