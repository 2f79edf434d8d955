/** What administration reads of the server, and how it changes it. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";

export type Person = Schemas["PersonOut"];
export type Group = Schemas["GroupOut"];
export type Grant = Schemas["GrantOut"];
export type Role = Grant["role"];
export type Key = Schemas["KeyOut"];

const ADMIN = "admin";

export const PEOPLE = queryOptions({
  queryKey: [ADMIN, "people"],
  queryFn: async () => (await get("/api/v1/people")).items,
});
export const GROUPS = queryOptions({
  queryKey: [ADMIN, "groups"],
  queryFn: async () => (await get("/api/v1/groups")).items,
});

export function usePeople(isWanted = true) {
  return useQuery({ ...PEOPLE, enabled: isWanted });
}

export function useGroups(isWanted = true) {
  return useQuery({ ...GROUPS, enabled: isWanted });
}

/** Carry out a change: what it changed is read anew, and a refusal is told. */
export function useAct(): (does: () => Promise<unknown>, done?: string) => Promise<void> {
  const refresh = useRefresh();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  return async (does, done) => {
    try {
      await does();
      if (done) toast({ text: done });
    } catch (refused) {
      toast({ text: messageOf(refused), kind: "error" });
    }
    await refresh();
  };
}

/** Have everything read anew that administration may have changed. */
export function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      [[ADMIN], ["collections"], ["status"], ["documents"]].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
  };
}
