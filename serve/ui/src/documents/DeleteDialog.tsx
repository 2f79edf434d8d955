import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { del } from "../api/http";
import { codeOf } from "../api/problem";
import type { Document } from "../api/types";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { useDocumentsText } from "./texts";

const NAMED = 5;

interface DeleteDialogProps {
  documents: Document[];
  onClose: () => void;
  onDeleted: () => void;
}

/** Names what goes before it goes. */
export function DeleteDialog({ documents, onClose, onDeleted }: DeleteDialogProps) {
  const text = useDocumentsText();
  const { shell } = useText();
  const client = useQueryClient();
  const { toast } = useNotices();
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    let kept = 0;
    for (const { id } of documents) {
      const path = { document_id: id };
      await del("/api/v1/documents/{document_id}", { path }).catch((error: unknown) => {
        if (codeOf(error) !== "not_found") kept++;
      });
    }
    const gone = documents.length - kept;
    if (gone) toast({ text: text.deleted(gone) });
    if (kept) toast({ text: text.notDeleted(kept), kind: "error" });
    onDeleted();
    onClose();
    for (const key of ["documents", "collections"])
      await client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Dialog
      title={text.deleteTitle(documents.length)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{shell.cancel}</Button>
          <Button kind="danger" disabled={isBusy} onClick={() => void remove()}>
            {text.delete}
          </Button>
        </>
      }
    >
      <ul className="documents-named">
        {documents.slice(0, NAMED).map((each) => (
          <li key={each.id}>{each.name}</li>
        ))}
        {documents.length > NAMED && <li>{text.deleteMore(documents.length - NAMED)}</li>}
      </ul>
      <p>{text.deleteBody}</p>
    </Dialog>
  );
}
