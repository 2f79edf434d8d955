import { useState } from "react";

import type { Collection } from "../api/types";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Select } from "../components/Field";
import { useDocumentsText } from "../documents/texts";
import { useText } from "../i18n/language";

interface CollectionDialogProps {
  count: number;
  collections: Collection[];
  onChoose: (collection: number) => void;
  onClose: () => void;
}

export function CollectionDialog({ count, collections, onChoose, onClose }: CollectionDialogProps) {
  const text = useDocumentsText();
  const { shell } = useText();
  const [chosen, setChosen] = useState(String(collections[0]?.id ?? ""));
  return (
    <Dialog
      title={text.chooseCollection}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{shell.cancel}</Button>
          <Button kind="primary" onClick={() => onChoose(Number(chosen))}>
            {text.add}
          </Button>
        </>
      }
    >
      <p>{text.chooseCollectionBody(count)}</p>
      <Select
        label={text.collection}
        value={chosen}
        options={collections.map((each) => [String(each.id), each.name] as const)}
        onChoose={setChosen}
      />
    </Dialog>
  );
}
