import type { Document } from "../api/types";
import { DeleteDialog } from "./DeleteDialog";
import { DetailsDialog } from "./DetailsDialog";
import { ReadersDialog } from "./ReadersDialog";

/** What a person wants to know of documents, or do with them. */
export type Asked =
  | { kind: "delete"; documents: Document[] }
  | { kind: "details"; document: Document }
  | { kind: "readers"; document: Document };

interface DocumentDialogsProps {
  asked: Asked | null;
  onClose: () => void;
  onDeleted: () => void;
}

export function DocumentDialogs({ asked, onClose, onDeleted }: DocumentDialogsProps) {
  switch (asked?.kind) {
    case "delete":
      return <DeleteDialog documents={asked.documents} onClose={onClose} onDeleted={onDeleted} />;
    case "details":
      return <DetailsDialog document={asked.document} onClose={onClose} />;
    case "readers":
      return <ReadersDialog document={asked.document} onClose={onClose} />;
    default:
      return null;
  }
}
