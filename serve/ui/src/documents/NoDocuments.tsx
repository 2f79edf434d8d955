import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { post } from "../api/http";
import { Button } from "../components/Button";
import { FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { EmptyState } from "../components/States";
import { useLanguage } from "../i18n/language";
import { useMe } from "../session/session";
import { isNarrow, type DocumentsFilter } from "./filter";
import { useDocumentsText } from "./texts";

interface NoDocumentsProps {
  filter: DocumentsFilter;
  mayAdd: boolean;
  onClear: () => void;
}

export function NoDocuments({ filter, mayAdd, onClear }: NoDocumentsProps) {
  const text = useDocumentsText();
  if (isNarrow(filter))
    return (
      <EmptyState icon="search" title={text.nothingFound}>
        <p>{text.nothingFoundBody}</p>
        <Button onClick={onClear}>{text.clearFilters}</Button>
      </EmptyState>
    );
  const isOne = filter.collection !== "";
  return (
    <div className="documents-empty">
      <EmptyState icon={mayAdd ? "upload" : "document"} title={text.empty}>
        {mayAdd && <p>{text.emptyBody}</p>}
        {!mayAdd && !isOne && <p>{text.emptyReader}</p>}
        {!isOne && <SamplesButton />}
      </EmptyState>
    </div>
  );
}

function SamplesButton() {
  const text = useDocumentsText();
  const { language } = useLanguage();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  if (!useMe().is_administrator) return null;
  const load = async () => {
    setBusy(true);
    setError(null);
    try {
      await post("/api/v1/samples", { body: { language } });
      await client.invalidateQueries({ queryKey: ["collections"] });
      await client.invalidateQueries({ queryKey: ["documents"] });
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  };
  return (
    <>
      {error !== null && <FormError>{messageOf(error)}</FormError>}
      <Button disabled={isBusy} onClick={() => void load()}>
        {text.samples}
      </Button>
    </>
  );
}
