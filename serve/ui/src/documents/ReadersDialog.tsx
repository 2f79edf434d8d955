import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { get, put } from "../api/http";
import { codeOf } from "../api/problem";
import type { Document } from "../api/types";
import { Button, IconButton } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { ErrorState, Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { holderKey, ReaderChoice, type Holder } from "./ReaderChoice";
import { useDocumentsText } from "./texts";

/** Who may read one document of a collection: all who may read that, or some of them. */
export function ReadersDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const path = { document_id: document.id };
  // What an earlier look found must never be what is saved.
  const { data, error, refetch } = useQuery({
    queryKey: ["readers", document.id],
    queryFn: () => get("/api/v1/documents/{document_id}/readers", { path }),
    gcTime: 0,
  });
  const text = useDocumentsText();
  if (!data)
    return (
      <Dialog title={text.readersTitle} onClose={onClose}>
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Spinner />}
      </Dialog>
    );
  return <Readers document={document} before={data.readers} onClose={onClose} />;
}

interface ReadersProps {
  document: Document;
  before: Holder[] | null;
  onClose: () => void;
}

function Readers({ document, before, onClose }: ReadersProps) {
  const text = useDocumentsText();
  const { shell } = useText();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const [readers, setReaders] = useState(before);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    try {
      const named = readers?.map((each) =>
        each.group_id === null ? { person: each.person_id } : { group: each.group_id },
      );
      await put("/api/v1/documents/{document_id}/readers", {
        path: { document_id: document.id },
        body: { readers: named ?? null },
      });
      toast({ text: text.saved });
      onClose();
      await client.invalidateQueries({ queryKey: ["documents"] });
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <Dialog
      title={text.readersTitle}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{shell.cancel}</Button>
          <Button kind="primary" onClick={() => void save()}>
            {text.save}
          </Button>
        </>
      }
    >
      <p>{document.name}</p>
      {error !== null && (
        <FormError>
          {codeOf(error) === "not_found" ? text.readerUnknown : messageOf(error)}
        </FormError>
      )}
      <fieldset className="readers-choice">
        <legend className="visually-hidden">{text.readersTitle}</legend>
        <label>
          <input
            type="radio"
            name="readers"
            checked={readers === null}
            onChange={() => setReaders(null)}
          />
          {text.readersAll}
        </label>
        <label>
          <input
            type="radio"
            name="readers"
            checked={readers !== null}
            onChange={() => setReaders(before ?? [])}
          />
          {text.readersSome}
        </label>
      </fieldset>
      {readers !== null && (
        <>
          <ul className="readers-list">
            {readers.map((each) => (
              <li key={holderKey(each)}>
                <span>
                  {each.name} <small>{each.group_id === null ? text.person : text.group}</small>
                </span>
                <IconButton
                  icon="close"
                  label={text.removeReader(each.name)}
                  onClick={() => setReaders(readers.filter((other) => other !== each))}
                />
              </li>
            ))}
          </ul>
          {readers.length === 0 && <p className="field-hint">{text.noReaders}</p>}
          <ReaderChoice
            collectionId={document.collection_id}
            chosen={readers}
            onChoose={(each) => setReaders([...readers, each])}
          />
        </>
      )}
      <p className="field-hint">{text.readersHint}</p>
    </Dialog>
  );
}
