import { useQueryClient } from "@tanstack/react-query";

import { post } from "../api/http";
import type { Collection, Document } from "../api/types";
import { Button } from "../components/Button";
import { canWrite } from "./queries";
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
  const writable = new Set(collections.filter(canWrite).map((each) => each.id));
  const own = documents.filter((each) => writable.has(each.collection_id));
  const failed = own.filter((each) => each.state === "failed");
  const retry = async () => {
    for (const { id } of failed) {
      const path = { document_id: id };
      await post("/api/v1/documents/{document_id}/retry", { path }).catch(() => undefined);
    }
    onClear();
    await client.invalidateQueries({ queryKey: ["documents"] });
  };
  return (
    <div className="documents-selection" role="group" aria-label={text.selected(documents.length)}>
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
