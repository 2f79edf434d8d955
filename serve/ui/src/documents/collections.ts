/** Collections as the server has them for whoever asks. */
import { queryOptions, useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Collection } from "../api/types";

export const COLLECTIONS = queryOptions({
  queryKey: ["collections"],
  queryFn: async () => (await get("/api/v1/collections")).items,
});

export function useCollections() {
  return useQuery(COLLECTIONS);
}

export function canWrite(collection: Collection | undefined): boolean {
  return collection?.role === "writer" || collection?.role === "manager";
}
