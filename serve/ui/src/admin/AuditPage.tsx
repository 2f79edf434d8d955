import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { addressOf, get } from "../api/http";
import type { Schemas } from "../api/types";
import { Button } from "../components/Button";
import { Field, Select } from "../components/Field";
import { Icon } from "../components/Icon";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { worded } from "../i18n/texts";
import { AdminFrame } from "./AdminFrame";
import { ChainVerdict } from "./ChainVerdict";
import { useAdminText, type AdminText } from "./texts";

type AuditRecord = Schemas["RecordOut"];

interface Wanted {
  actor: string;
  act: string;
  since?: string;
  until?: string;
}

const AT_ONCE = 100;
const DAY = 86_400_000;

export function AuditPage() {
  const admin = useAdminText();
  const columns = useColumns();
  const [wanted, setWanted] = useState<Wanted>({ actor: "", act: "" });
  const records = useInfiniteQuery({
    queryKey: ["admin", "audit", wanted],
    queryFn: ({ pageParam: cursor }) =>
      get("/api/v1/audit", { query: { ...wanted, cursor, limit: AT_ONCE } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const items = records.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <AdminFrame
      title={admin.section.audit}
      intro={admin.auditIntro}
      actions={
        <a
          className="button button-plain"
          download
          href={addressOf("/api/v1/audit/export", { query: { ...wanted } })}
        >
          <Icon name="download" size={18} />
          {admin.exportAudit}
        </a>
      }
    >
      <ChainVerdict />
      <Filters onFilter={setWanted} />
      {records.isPending && <Spinner />}
      {records.isError && (
        <ErrorState error={records.error} onRetry={() => void records.refetch()} />
      )}
      {records.isSuccess && items.length === 0 && (
        <EmptyState icon="search" title={admin.noAudit} />
      )}
      {items.length > 0 && (
        <Table
          label={admin.section.audit}
          columns={columns}
          rows={items}
          keyOf={(each) => each.seq}
        />
      )}
      {records.hasNextPage && (
        <Button className="admin-more" onClick={() => void records.fetchNextPage()}>
          {admin.more}
        </Button>
      )}
    </AdminFrame>
  );
}

function Filters({ onFilter }: { onFilter: (wanted: Wanted) => void }) {
  const admin = useAdminText();
  const [act, setAct] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [from, until] = [String(form.get("from")), String(form.get("until"))];
    onFilter({
      actor: String(form.get("actor")).trim(),
      act,
      ...(from && { since: startOf(from).toISOString() }),
      ...(until && { until: new Date(startOf(until).getTime() + DAY).toISOString() }),
    });
  };
  const acts = Object.entries(admin.actGroups).map(([code, name]) => [`${code}.*`, name] as const);
  return (
    <form className="audit-filters" onSubmit={submit}>
      <Field label={admin.actor} name="actor" autoComplete="off" />
      <Select
        label={admin.act}
        value={act}
        options={[["", admin.allActs], ...acts]}
        onChoose={setAct}
      />
      <Field label={admin.from} name="from" type="date" />
      <Field label={admin.until} name="until" type="date" />
      <Button type="submit">{admin.filter}</Button>
    </form>
  );
}

/** The beginning of a day where the browser is. */
function startOf(day: string): Date {
  return new Date(`${day}T00:00`);
}

function useColumns(): Column<AuditRecord>[] {
  const admin = useAdminText();
  const format = useFormat();
  return [
    { title: "#", className: "cell-number", cell: (each) => format.number(each.seq) },
    { title: admin.when, cell: (each) => format.dateTime(each.at) },
    { title: admin.actor, cell: (each) => actorOf(each, admin) },
    {
      title: admin.act,
      cell: (each) => (
        <>
          {worded(admin.acts, each.act) ?? each.act}
          <code className="cell-more">{each.act}</code>
        </>
      ),
    },
    {
      title: admin.subject,
      cell: (each) => (
        <>
          {each.subject && <code>{each.subject}</code>}
          {Object.keys(each.details).length > 0 && (
            <code className="cell-more audit-details">{JSON.stringify(each.details)}</code>
          )}
        </>
      ),
    },
    { title: admin.address, cell: (each) => each.address },
  ];
}

function actorOf({ actor, actor_kind, key_id }: AuditRecord, admin: AdminText): string {
  if (actor_kind === "operator") return admin.operator;
  return key_id === null ? actor : `${actor} (${admin.key} ${key_id})`;
}
