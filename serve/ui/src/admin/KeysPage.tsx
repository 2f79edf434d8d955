import { useQuery } from "@tanstack/react-query";

import { del, get } from "../api/http";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { KeysTable } from "../settings/KeysTable";
import { AdminFrame } from "./AdminFrame";
import { useAct, usePeople } from "./queries";
import { useAdminText } from "./texts";

export function KeysPage() {
  const admin = useAdminText();
  const act = useAct();
  const people = usePeople();
  const keys = useQuery({
    queryKey: ["admin", "keys"],
    queryFn: () => get("/api/v1/keys", { query: { everybody: true } }),
  });
  const names = new Map(people.data?.map((each) => [each.id, each.name]));
  const revoke = (id: number) =>
    act(() => del("/api/v1/keys/{key_id}", { path: { key_id: id } }));
  return (
    <AdminFrame title={admin.section.keys} intro={admin.keysIntro}>
      {keys.isPending && <Spinner />}
      {keys.isError && <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.data?.items.length === 0 && <EmptyState icon="settings" title={admin.noKeys} />}
      {keys.data && keys.data.items.length > 0 && (
        <KeysTable
          keys={keys.data.items}
          ownerOf={(each) => names.get(each.person_id) ?? ""}
          onRevoke={(each) => revoke(each.id)}
        />
      )}
    </AdminFrame>
  );
}
