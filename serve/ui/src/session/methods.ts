import { useQuery } from "@tanstack/react-query";

import { get } from "../api/http";

/** The organisation's own sign-in; null where there is none. */
export function useOidc(): { name: string; path: string } | null {
  const { data } = useQuery({
    queryKey: ["methods"],
    queryFn: () => get("/api/v1/auth/methods"),
    staleTime: Infinity,
  });
  return data?.oidc ?? null;
}
