import { useQuery } from "@tanstack/react-query";

import { del, get, put } from "../api/http";
import { Badge } from "../components/Badge";
import { IconButton } from "../components/Button";
import { ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { AddMember } from "./AddMember";
import { useAct, type Grant, type Role } from "./queries";
import { RoleChoice } from "./RoleChoice";
import { useAdminText } from "./texts";

/** Who may do what in a collection. */
export function Members({ collectionId }: { collectionId: number }) {
  const admin = useAdminText();
  const act = useAct();
  const path = { collection_id: collectionId };
  const grants = useQuery({
    queryKey: ["admin", "grants", collectionId],
    queryFn: () => get("/api/v1/collections/{collection_id}/grants", { path }),
  });
  if (grants.isPending) return <Spinner />;
  if (grants.isLoadingError)
    return <ErrorState error={grants.error} onRetry={() => void grants.refetch()} />;
  const give = (holder: Grant, role: Role) =>
    act(() =>
      put("/api/v1/collections/{collection_id}/grants", {
        path,
        body: holder.group_id === null ? { person: holder.person_id, role } : { group: holder.group_id, role },
      }),
    );
  const takeBack = (holder: Grant) =>
    act(() =>
      del("/api/v1/collections/{collection_id}/grants", {
        path,
        query: holder.group_id === null ? { person_id: holder.person_id } : { group_id: holder.group_id },
      }),
    );
  const columns: Column<Grant>[] = [
    {
      title: admin.whom,
      cell: (each) => (
        <>
          {each.name} {each.group_id !== null && <Badge>{admin.isGroup}</Badge>}
        </>
      ),
    },
    {
      title: admin.role,
      cell: (each) => (
        <RoleChoice
          label={admin.roleOf(each.name)}
          value={each.role}
          onChoose={(role) => void give(each, role)}
        />
      ),
    },
    {
      title: admin.actions,
      className: "cell-actions",
      cell: (each) => (
        <IconButton
          icon="trash"
          label={admin.removeMember(each.name)}
          onClick={() => void takeBack(each)}
        />
      ),
    },
  ];
  const { items } = grants.data;
  return (
    <>
      {items.length === 0 ? (
        <p>{admin.noMembers}</p>
      ) : (
        <Table
          label={admin.members}
          columns={columns}
          rows={items}
          keyOf={(each) => `${each.person_id}/${each.group_id}`}
        />
      )}
      <AddMember collectionId={collectionId} />
    </>
  );
}
