import { useEffect } from "react";

import type { Collection } from "../api/types";
import { Icon } from "../components/Icon";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { canWrite, useCollections } from "../documents/collections";
import { useDocumentsText } from "../documents/texts";
import { CollectionDialog } from "./CollectionDialog";
import type { Offer } from "./offered";
import { addFiles } from "./uploads";
import { currentTarget } from "./target";
import "./upload.css";

interface DropZoneProps {
  isOver: boolean;
  offer: Offer | null;
  onSettled: () => void;
}

/** Where what is offered goes; where more than one collection could take it, it asks for which. */
export default function DropZone({ isOver, offer, onSettled }: DropZoneProps) {
  const text = useDocumentsText();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const { data, error } = useCollections();
  const writable = data?.filter(canWrite);
  const into = offer && writable ? collectionOf(offer, writable) : undefined;
  const refusal = refusalOf(writable, text.dropNowhere, error && messageOf(error));
  useEffect(() => {
    if (!offer) return;
    if (into !== undefined) void addFiles(offer.files, into);
    else if (refusal !== null) toast({ text: refusal, kind: "error" });
    else return;
    onSettled();
  }, [offer, into, refusal, toast, onSettled]);
  const inView = writable?.find((each) => each.id === currentTarget());
  return (
    <>
      {isOver && (
        <section className="drop-zone" aria-label={text.dropHere}>
          <div className="drop-card">
            <Icon name="upload" size={32} />
            <p className="drop-title">{text.dropHere}</p>
            {inView && <p>{text.dropInto(inView.name)}</p>}
          </div>
        </section>
      )}
      {offer && writable && into === undefined && refusal === null && (
        <CollectionDialog
          count={offer.files.length}
          collections={writable}
          onClose={onSettled}
          onChoose={(collection) => {
            onSettled();
            void addFiles(offer.files, collection);
          }}
        />
      )}
    </>
  );
}

/** The one that is in view, or the only one. */
function collectionOf({ target }: Offer, writable: Collection[]): number | undefined {
  if (target === null) return writable.length === 1 ? writable[0]?.id : undefined;
  return writable.find((each) => each.id === target)?.id;
}

/** Why nothing can be taken; null where something can, or it is not known yet. */
function refusalOf(
  writable: Collection[] | undefined,
  nowhere: string,
  failure: string | null,
): string | null {
  if (writable) return writable.length ? null : nowhere;
  return failure;
}
