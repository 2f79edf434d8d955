import { useState } from "react";

import { post } from "../api/http";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { Field } from "../components/Field";
import { FormDialog } from "../components/FormDialog";
import { Link } from "../components/Link";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { navigate } from "../router";
import { useOidc } from "../session/methods";
import { AdminFrame } from "./AdminFrame";
import { useGroups, useRefresh, type Group } from "./queries";
import { useAdminText } from "./texts";

export function GroupsPage() {
  const admin = useAdminText();
  const format = useFormat();
  const groups = useGroups();
  const [isMaking, setMaking] = useState(false);
  const columns: Column<Group>[] = [
    {
      title: admin.name,
      cell: (each) => (
        <>
          <Link href={`/admin/groups/${each.id}`}>{each.name}</Link>{" "}
          {each.from_oidc && <Badge>{admin.byProvider}</Badge>}
        </>
      ),
    },
    { title: admin.memberCount, className: "cell-number", cell: (each) => format.number(each.member_count) },
    { title: admin.created, cell: (each) => format.date(each.created_at) },
  ];
  const make = (
    <Button kind="primary" icon="add" onClick={() => setMaking(true)}>
      {admin.newGroup}
    </Button>
  );
  return (
    <AdminFrame title={admin.section.groups} intro={admin.groupsIntro} actions={make}>
      {groups.isPending && <Spinner />}
      {groups.isError && (
        <ErrorState error={groups.error} onRetry={() => void groups.refetch()} />
      )}
      {groups.data?.length === 0 && <EmptyState icon="person" title={admin.noGroups} />}
      {groups.data && groups.data.length > 0 && (
        <Table
          label={admin.section.groups}
          columns={columns}
          rows={groups.data}
          keyOf={(each) => each.id}
        />
      )}
      {isMaking && <NewGroup onClose={() => setMaking(false)} />}
    </AdminFrame>
  );
}

function NewGroup({ onClose }: { onClose: () => void }) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const hasProvider = useOidc() !== null;
  const make = async (form: FormData) => {
    const body = { name: String(form.get("name")), from_oidc: form.get("provider") !== null };
    const made = await post("/api/v1/groups", { body });
    await refresh();
    navigate(`/admin/groups/${made.id}`);
  };
  return (
    <FormDialog title={admin.newGroup} action={admin.makeGroup} onSend={make} onClose={onClose}>
      <Field label={admin.name} name="name" required maxLength={200} autoComplete="off" />
      {hasProvider && (
        <label className="check">
          <input type="checkbox" name="provider" />
          <span>
            {admin.fromProvider}
            <small>{admin.fromProviderHint}</small>
          </span>
        </label>
      )}
    </FormDialog>
  );
}
