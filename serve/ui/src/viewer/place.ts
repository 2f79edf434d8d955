/** Where in a document somebody wants to look, as it stands behind the # of an address. */

export interface Span {
  start: number;
  end: number;
}

export interface Place {
  page: number;
  /** The passage to mark lightly. */
  chunkId: number | null;
  /** The words to mark strongly, as characters of the page's text. */
  span: Span | null;
}

/** The place of `page=3&c=41&s=120-184`; what makes no sense is left out. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash);
  const [start, end] = (given.get("s") ?? "").split("-").map(whole);
  const hasSpan = start !== null && end !== null && start !== undefined && end !== undefined;
  return {
    page: Math.max(1, whole(given.get("page") ?? "") ?? 1),
    chunkId: whole(given.get("c") ?? ""),
    span: hasSpan && start < end ? { start, end } : null,
  };
}

/** The address of a document at a place, alone on its page. */
export function addressOfPlace(documentId: number, { page, chunkId, span }: Place): string {
  const words = span ? `&s=${span.start}-${span.end}` : "";
  return `/d/${documentId}#page=${page}${chunkId === null ? "" : `&c=${chunkId}`}${words}`;
}

function whole(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
