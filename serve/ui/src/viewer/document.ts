/** What the server knows of a document that is shown, and of the words that are marked in it. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { get } from "../api/http";
import { codeOf } from "../api/problem";
import type { Citation, Schemas } from "../api/types";
import type { Span } from "./place";

export type ShownDocument = Schemas["DocumentDetails"];
export type PageOutline = Schemas["PageOutlineOut"];
export type Rect = [number, number, number, number];

const MOST_PAGES_AT_ONCE = 1_000;

/** What somebody wants to see: a document, and in it a quote, a passage or a page. */
export interface Wanted {
  documentId: number;
  page: number;
  citation?: Citation | undefined;
  chunkId: number | null;
  span: Span | null;
}

export interface Words {
  text: string;
  span: Span;
  rects: Rect[];
}

/** What is marked; `key` changes when another place is wanted. */
export interface Target {
  key: string;
  page: number;
  quote: Words | null;
  passage: Words | null;
  /** The address names a passage that is not there any more. */
  isGone: boolean;
}

export function useShownDocument(id: number) {
  return useQuery({
    queryKey: ["document", id],
    queryFn: ({ signal }) =>
      get("/api/v1/documents/{document_id}", { path: { document_id: id }, signal }),
    refetchInterval: ({ state }) => (isUnderWay(state.data?.state) ? 2_000 : false),
  });
}

function isUnderWay(state: string | undefined): boolean {
  return state !== undefined && state !== "ready" && state !== "failed";
}

/** All pages in their order, without their text. */
export function usePageOutlines(id: number, isWanted: boolean) {
  return useQuery({
    queryKey: ["document", id, "pages"],
    queryFn: ({ signal }) => pageOutlines(id, signal),
    enabled: isWanted,
    staleTime: Infinity,
  });
}

async function pageOutlines(id: number, signal: AbortSignal): Promise<PageOutline[]> {
  const found: PageOutline[] = [];
  let cursor: string | null | undefined = "";
  while (typeof cursor === "string") {
    const part: Schemas["PageList"] = await get("/api/v1/documents/{document_id}/pages", {
      path: { document_id: id },
      query: { cursor, limit: MOST_PAGES_AT_ONCE },
      signal,
    });
    found.push(...part.items);
    cursor = part.next_cursor;
  }
  return found;
}

/** The text of a page, once it is wanted. */
export function usePageText(id: number, number: number, isWanted: boolean) {
  return useQuery({
    queryKey: ["document", id, "pages", number],
    queryFn: ({ signal }) =>
      get("/api/v1/documents/{document_id}/pages/{number}", {
        path: { document_id: id, number },
        signal,
      }),
    enabled: isWanted,
    staleTime: Infinity,
  });
}

/** What to mark; null while that is being looked up. */
export function useTarget(wanted: Wanted): Target | null {
  const passage = usePassage(wanted);
  const quote = useQuote(wanted);
  const isGone = [passage.error, quote.error].some((error) => isMissing(codeOf(error)));
  const isLoading = passage.isLoading || quote.isLoading;
  const { documentId, page, citation } = wanted;
  const [at, asked] = [passage.data, quote.data];
  return useMemo(() => {
    if (isLoading) return null;
    const words = citation ? wordsOf(citation) : asked ? wordsOf(asked) : null;
    const around = at && !isSame(at.span, words?.span) ? wordsOf(at) : null;
    return {
      key: JSON.stringify([documentId, page, at?.chunk_id, words?.span, citation?.n]),
      page: citation?.page ?? asked?.page ?? at?.page ?? page,
      quote: words,
      passage: around,
      isGone: !citation && isGone,
    };
  }, [isLoading, isGone, documentId, page, citation, at, asked]);
}

function isSame(one: Span, other: Span | undefined): boolean {
  return one.start === other?.start && one.end === other.end;
}

function isMissing(code: string): boolean {
  return code === "not_found" || code === "invalid_request";
}

function usePassage({ documentId, chunkId }: Wanted) {
  return useQuery({
    queryKey: ["document", documentId, "chunks", chunkId],
    queryFn: ({ signal }) =>
      get("/api/v1/documents/{document_id}/chunks/{chunk_id}", {
        path: { document_id: documentId, chunk_id: chunkId ?? 0 },
        signal,
      }),
    enabled: chunkId !== null,
    staleTime: Infinity,
  });
}

function useQuote({ documentId, page, citation, span }: Wanted) {
  return useQuery({
    queryKey: ["document", documentId, "pages", page, "quote", span],
    queryFn: ({ signal }) =>
      get("/api/v1/documents/{document_id}/pages/{number}/quote", {
        path: { document_id: documentId, number: page },
        query: { start: span?.start ?? 0, end: span?.end ?? 0 },
        signal,
      }),
    enabled: span !== null && !citation,
    staleTime: Infinity,
  });
}

function wordsOf({ quote, span, rects }: { quote: string; span: Span; rects: unknown[] }): Words {
  return { text: quote, span, rects: rects as Rect[] };
}
