import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import { useSource } from "../shell/source";

const NEAREST = 3;

type Nearest = Pick<
  Schemas["PlacedPassage"],
  "chunk_id" | "document_id" | "document_name" | "paged" | "page" | "page_label" | "quote"
>;

interface NotInDocumentsProps {
  turnId: number | null;
  /** What was found, where the answer has just come. */
  hits: readonly Nearest[];
}

/** The documents do not hold the answer: what comes nearest to it, and no words of anybody else. */
export function NotInDocuments({ turnId, hits }: NotInDocumentsProps) {
  const { chat } = useText();
  const { open } = useSource();
  // What was seen a moment ago stays when the answer is stored.
  const [fresh] = useState(hits);
  const { data, isLoading } = useQuery({
    queryKey: ["nearest", turnId],
    queryFn: () => nearestOf(turnId ?? 0),
    enabled: turnId !== null && fresh.length === 0,
    staleTime: Infinity,
  });
  const nearest = fresh.length ? fresh.slice(0, NEAREST) : (data ?? []);
  return (
    <section className="abstained" aria-label={chat.notInDocuments}>
      <h3>
        <Icon name="search" />
        {chat.notInDocuments}
      </h3>
      {!isLoading && <p>{nearest.length ? chat.nearest : chat.nothingNear}</p>}
      <ul>
        {nearest.map((each) => (
          <li key={each.chunk_id}>
            <button
              type="button"
              className="nearest"
              onClick={() =>
                open({
                  documentId: each.document_id,
                  documentName: each.document_name,
                  page: each.page,
                  chunkId: each.chunk_id,
                })
              }
            >
              <span className="nearest-name">
                {each.document_name}
                {each.paged && ` · ${chat.page(each.page_label || String(each.page))}`}
              </span>
              <span className="nearest-text" dir="auto">
                {each.quote}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The passages that were found for an old question, as far as they may be seen today. */
async function nearestOf(turnId: number): Promise<Nearest[]> {
  const trace = await get("/api/v1/turns/{turn_id}/trace", { path: { turn_id: turnId } });
  const known = trace.sources.filter((each) => each.available).slice(0, NEAREST);
  const read = known.map(({ document_id, chunk_id }) =>
    get("/api/v1/documents/{document_id}/chunks/{chunk_id}", {
      path: { document_id: document_id ?? 0, chunk_id: chunk_id ?? 0 },
    }),
  );
  const found = await Promise.allSettled(read);
  return found.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}
