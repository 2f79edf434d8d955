import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { Combobox, type Choice } from "../components/Combobox";
import { useDocumentsText } from "./texts";

export type Holder = Schemas["HolderOut"];

const MOST = 20;

export const holderKey = (each: Holder) =>
  each.group_id === null ? `person-${each.person_id}` : `group-${each.group_id}`;

interface ReaderChoiceProps {
  collectionId: number;
  chosen: readonly Holder[];
  onChoose: (holder: Holder) => void;
}

/** Finds people and groups among those who see the collection. */
export function ReaderChoice({ collectionId, chosen, onChoose }: ReaderChoiceProps) {
  const text = useDocumentsText();
  const [name, setName] = useState("");
  const q = name.trim();
  const taken = new Set(chosen.map(holderKey));
  const { data, isPlaceholderData } = useQuery({
    queryKey: ["audience", collectionId, q, chosen.length],
    queryFn: () =>
      get("/api/v1/collections/{collection_id}/audience", {
        path: { collection_id: collectionId },
        query: { q, limit: Math.min(100, MOST + chosen.length) },
      }),
    placeholderData: keepPreviousData,
  });
  const choices = (data?.items ?? [])
    .filter((each) => !taken.has(holderKey(each)))
    .map((each): Choice & { holder: Holder } => ({
      key: holderKey(each),
      label: each.name,
      kind: each.group_id === null ? text.person : text.group,
      holder: each,
    }));
  const note = data && (choices.length === 0 ? text.noneSees : data.more ? text.moreSee : "");
  return (
    <Combobox
      label={text.addReader}
      placeholder={text.holderName}
      value={name}
      choices={choices}
      isAwaited={isPlaceholderData}
      note={note ?? ""}
      onType={setName}
      onChoose={({ holder }) => {
        onChoose(holder);
        setName("");
      }}
    />
  );
}
