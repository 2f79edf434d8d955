/** Who is signed in. */
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { get, keepCsrfToken, post } from "../api/http";
import { codeOf } from "../api/problem";
import type { Me } from "../api/types";
import { navigate } from "../router";

const KEY = ["me"];

async function readMe(): Promise<Me | null> {
  try {
    const me = await get("/api/v1/me");
    keepCsrfToken(me.csrf_token ?? null);
    return me;
  } catch (error) {
    if (codeOf(error) === "not_signed_in") return null;
    throw error;
  }
}

/** Who asks: null where nobody has signed in. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: readMe, staleTime: Infinity, retry: 2 });
}

/** Who is signed in, for pages that nobody else gets to see. */
export function useMe(): Me {
  const { data } = useSession();
  if (!data) throw new Error("useMe where nobody is signed in");
  return data;
}

/** The session is over: what was read with it is no longer shown. */
export function forgetSession(client: QueryClient): void {
  keepCsrfToken(null);
  client.setQueryData(KEY, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== KEY[0] });
}

export function useSigningOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    const byProvider = client.getQueryData<Me | null>(KEY)?.by_oidc;
    await post("/api/v1/auth/logout").catch(() => undefined);
    if (byProvider) {
      window.location.assign("/api/v1/auth/oidc/logout");
      return;
    }
    forgetSession(client);
    navigate("/signed-out", { replace: true });
  };
}

/** Take up the session that a reply has just opened. */
export async function takeUpSession(client: QueryClient, csrfToken: string): Promise<void> {
  keepCsrfToken(csrfToken);
  await client.fetchQuery({ queryKey: KEY, queryFn: readMe, staleTime: 0 });
}
