/** Documents and collections as the server has them. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Collection, Document } from "../api/types";
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

export function useCollections(): Collection[] | undefined {
  return useQuery({ queryKey: ["collections"], queryFn: () => get("/api/v1/collections") }).data
    ?.items;
}

export function isUnderWay({ state }: Document): boolean {
  return state !== "ready" && state !== "failed";
}

export function canWrite(collection: Collection | undefined): boolean {
  return collection?.role === "writer" || collection?.role === "manager";
}
