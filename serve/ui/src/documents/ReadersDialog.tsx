import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { get, put } from "../api/http";
import { codeOf } from "../api/problem";
import type { Document } from "../api/types";
import { Button, IconButton } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Field, FormError, Select } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { useDocumentsText } from "./texts";

type Kind = "person" | "group";
interface Named {
  kind: Kind;
  name: string;
}

/** Who may read one document of a collection: all who may read that, or some of them. */
export function ReadersDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const path = { document_id: document.id };
  const { data } = useQuery({
    queryKey: ["readers", document.id],
    queryFn: () => get("/api/v1/documents/{document_id}/readers", { path }),
    staleTime: 0,
  });
  const text = useDocumentsText();
  if (!data)
    return (
      <Dialog title={text.readersTitle} onClose={onClose}>
        <Spinner />
      </Dialog>
    );
  const before = data.readers?.map((each): Named => ({
    kind: each.group_id === null ? "person" : "group",
    name: each.name,
  }));
  return <Readers document={document} before={before ?? null} onClose={onClose} />;
}

interface ReadersProps {
  document: Document;
  before: Named[] | null;
  onClose: () => void;
}

function Readers({ document, before, onClose }: ReadersProps) {
  const text = useDocumentsText();
  const { shell } = useText();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const [readers, setReaders] = useState(before);
  const [kind, setKind] = useState<Kind>("person");
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>(null);
  const add = () => {
    const wanted = name.trim();
    if (!wanted) return;
    const others = (readers ?? []).filter((each) => each.kind !== kind || each.name !== wanted);
    setReaders([...others, { kind, name: wanted }]);
    setName("");
  };
  const save = async () => {
    try {
      const named = readers?.map((each) =>
        each.kind === "person" ? { person: each.name } : { group: each.name },
      );
      await put("/api/v1/documents/{document_id}/readers", {
        path: { document_id: document.id },
        body: { readers: named ?? null },
      });
      toast({ text: text.saved });
      onClose();
      for (const key of ["documents", "readers"])
        await client.invalidateQueries({ queryKey: [key] });
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
              <li key={`${each.kind}-${each.name}`}>
                <span>
                  {each.name} <small>{each.kind === "person" ? text.person : text.group}</small>
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
          <form
            className="readers-add"
            onSubmit={(event) => {
              event.preventDefault();
              add();
            }}
          >
            <Select
              label={text.type}
              value={kind}
              options={[
                ["person", text.person],
                ["group", text.group],
              ]}
              onChoose={setKind}
            />
            <Field
              label={text.holderName}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Button type="submit">{text.addReader}</Button>
          </form>
        </>
      )}
      <p className="field-hint">{text.readersHint}</p>
    </Dialog>
  );
}
