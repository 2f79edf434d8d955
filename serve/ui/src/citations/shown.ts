/** The citations of one answer, for the chips in its text. */
import { createContext, useContext, useEffect } from "react";

import { isQuoted, type Quoted, type ShownCitation, type Struck } from "../chat/answer";
import { useSource, type OpenSource } from "../shell/source";

export interface Cited {
  citations: readonly ShownCitation[];
  struck: readonly Struck[];
  turnId: number | null;
}

const CitedContext = createContext<Cited>({ citations: [], struck: [], turnId: null });

export const CitedProvider = CitedContext;

/** Have an open source of this answer know its citations, also those that come while it is written. */
export function useFollowedSource(turnId: number | null, citations: readonly ShownCitation[]): void {
  const { follow } = useSource();
  useEffect(() => {
    if (turnId !== null) follow(turnId, citations.filter(isQuoted));
  }, [follow, turnId, citations]);
}

export function useCited(): Cited {
  return useContext(CitedContext);
}

/** How to open a citation among those of its answer. */
export function sourceOf(
  citation: Quoted,
  { citations, turnId }: Pick<Cited, "citations" | "turnId">,
): OpenSource {
  return {
    documentId: citation.document_id,
    documentName: citation.document_name,
    page: citation.page,
    citation,
    citations: citations.filter(isQuoted),
    turnId,
  };
}
