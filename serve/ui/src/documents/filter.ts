/** Which documents are listed, and in which order. */
export type SortKey = "created" | "name" | "size" | "pages";
export type StateGroup = "" | "ready" | "work" | "failed";

export interface DocumentsFilter {
  q: string;
  collection: string;
  state: StateGroup;
  sort: SortKey;
  descending: boolean;
}

export const FIRST_FILTER: DocumentsFilter = {
  q: "",
  collection: "",
  state: "",
  sort: "created",
  descending: true,
};

type State = "queued" | "parsing" | "embedding" | "ready" | "failed";

export function statesOf(group: StateGroup): State[] {
  if (group === "work") return ["queued", "parsing", "embedding"];
  return group === "" ? [] : [group];
}

/** The filter after a click on the head of a column: that order, or the other way round. */
export function sortedBy(filter: DocumentsFilter, sort: SortKey): DocumentsFilter {
  const descending = filter.sort === sort ? !filter.descending : sort !== "name";
  return { ...filter, sort, descending };
}

/** Whether it leaves out documents of the collections that it shows. */
export function isNarrow({ q, state }: DocumentsFilter): boolean {
  return q !== "" || state !== "";
}
