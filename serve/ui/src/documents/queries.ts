/** Documents as the server has them. */
import { useInfiniteQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Document } from "../api/types";
import { statesOf, type DocumentsFilter } from "./filter";

const PAGE_SIZE = 100;
const LOOK_AGAIN_MS = 3_000;

export function useDocuments(filter: DocumentsFilter) {
  return useInfiniteQuery({
    queryKey: ["documents", filter],
    queryFn: ({ pageParam }) =>
      get("/api/v1/documents", {
        query: {
          q: filter.q,
          collection: filter.collection,
          state: statesOf(filter.state),
          sort: filter.sort,
          descending: filter.descending,
          cursor: pageParam,
          limit: PAGE_SIZE,
        },
      }),
    initialPageParam: "",
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some(isUnderWay)) ? LOOK_AGAIN_MS : false,
  });
}

export function isUnderWay({ state }: Document): boolean {
  return state !== "ready" && state !== "failed";
}
