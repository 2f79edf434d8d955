import { useEffect, useState } from "react";

import type { Collection } from "../api/types";
import { Field, Select } from "../components/Field";
import type { DocumentsFilter, StateGroup } from "./filter";
import { useDocumentsText } from "./texts";

const TYPING_MS = 250;

interface DocumentFiltersProps {
  filter: DocumentsFilter;
  collections: Collection[];
  onChange: (filter: DocumentsFilter) => void;
}

export function DocumentFilters({ filter, collections, onChange }: DocumentFiltersProps) {
  const text = useDocumentsText();
  const [typed, setTyped] = useState(filter.q);
  useEffect(() => {
    if (typed === filter.q) return;
    const timer = window.setTimeout(() => onChange({ ...filter, q: typed }), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed, filter, onChange]);
  const states: [StateGroup, string][] = [
    ["", text.allStates],
    ["ready", text.states.ready],
    ["work", text.states.work],
    ["failed", text.states.failed],
  ];
  return (
    <search className="documents-filters">
      <Field
        label={text.filterName}
        type="search"
        value={typed}
        maxLength={200}
        onChange={(event) => setTyped(event.target.value)}
      />
      <Select
        label={text.collection}
        value={filter.collection}
        options={[
          ["", text.allCollections],
          ...collections.map((each) => [String(each.id), each.name] as const),
        ]}
        onChoose={(collection) => onChange({ ...filter, collection })}
      />
      <Select
        label={text.state}
        value={filter.state}
        options={states}
        onChoose={(state) => onChange({ ...filter, state })}
      />
    </search>
  );
}
