/** Who is signed in. */
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { get, keepSession, post } from "../api/http";
import { codeOf } from "../api/problem";
import type { Me } from "../api/types";
import { forgetRuns } from "../chat/runs";
import { finishDeletions } from "../conversations/deletions";
import { navigate } from "../router";
import { closeUploads } from "../upload/uploads";

const KEY = ["me"];

/** Which queries are read anew in passing: who is in is asked where one signs in, and nowhere else. */
export function isNotMe({ queryKey }: { queryKey: readonly unknown[] }): boolean {
  return queryKey[0] !== KEY[0];
}

async function readMe(): Promise<Me | null> {
  try {
    const me = await get("/api/v1/me");
    keepSession(me);
    return me;
  } catch (error) {
    if (codeOf(error) !== "not_signed_in") throw error;
    keepSession(null);
    return null;
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
  keepSession(null);
  client.setQueryData(KEY, null);
  client.removeQueries({ predicate: isNotMe });
}

/** Signs out: nothing of the person is kept in this window then, which may be another's next. */
export function useSigningOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    const byProvider = client.getQueryData<Me | null>(KEY)?.by_oidc;
    await finishDeletions();
    await post("/api/v1/auth/logout").catch((error: unknown) => {
      if (codeOf(error) !== "not_signed_in") throw error;
    });
    forgetPerson();
    if (byProvider) {
      window.location.assign("/api/v1/auth/oidc/logout");
      return;
    }
    forgetSession(client);
    navigate("/signed-out", { replace: true });
  };
}

/** Take what this window keeps of a person out of it: drafts, and the names of files that were sent. */
export function forgetPerson(): void {
  closeUploads();
  forgetRuns();
  try {
    window.sessionStorage.clear();
  } catch {
    // It keeps nothing, then.
  }
}

/** Take up the session that a reply has just opened. */
export async function takeUpSession(client: QueryClient): Promise<void> {
  await client.fetchQuery({ queryKey: KEY, queryFn: readMe, staleTime: 0 });
}
