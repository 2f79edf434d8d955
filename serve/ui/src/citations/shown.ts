/** The citations of one answer, for the chips in its text. */
import { createContext, useContext } from "react";

import { isQuoted, type Quoted, type ShownCitation, type Struck } from "../chat/answer";
import type { OpenSource } from "../shell/source";

export interface Cited {
  citations: readonly ShownCitation[];
  struck: readonly Struck[];
}

const CitedContext = createContext<Cited>({ citations: [], struck: [] });

export const CitedProvider = CitedContext;

export function useCited(): Cited {
  return useContext(CitedContext);
}

/** How to open a citation among those of its answer. */
export function sourceOf(citation: Quoted, all: readonly ShownCitation[]): OpenSource {
  return {
    documentId: citation.document_id,
    documentName: citation.document_name,
    page: citation.page,
    citation,
    citations: all.filter(isQuoted),
  };
}
