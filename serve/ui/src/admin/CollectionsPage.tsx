import { useState } from "react";

import { post } from "../api/http";
import type { Collection } from "../api/types";
import { Button } from "../components/Button";
import { Field } from "../components/Field";
import { FormDialog } from "../components/FormDialog";
import { Link } from "../components/Link";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { useCollections } from "../documents/collections";
import { useFormat } from "../i18n/format";
import { navigate } from "../router";
import { useMe } from "../session/session";
import { AdminFrame } from "./AdminFrame";
import { named } from "./filtering";
import { NameFilter } from "./NameFilter";
import { useRefresh } from "./queries";
import { useAdminText } from "./texts";

export function CollectionsPage() {
  const admin = useAdminText();
  const me = useMe();
  const format = useFormat();
  const collections = useCollections();
  const [words, setWords] = useState("");
  const [isMaking, setMaking] = useState(false);
  const mine = (collections.data ?? []).filter(
    (each) => me.is_administrator || each.role === "manager",
  );
  const shown = named(mine, words);
  const columns: Column<Collection>[] = [
    {
      title: admin.name,
      cell: (each) => <Link href={`/admin/collections/${each.id}`}>{each.name}</Link>,
    },
    { title: admin.documents, className: "cell-number", cell: (each) => format.number(each.document_count) },
    { title: admin.yourRole, cell: (each) => (each.role ? admin.roles[each.role] : admin.noRole) },
    { title: admin.model, cell: (each) => each.model || admin.modelDefault },
    { title: admin.created, cell: (each) => format.date(each.created_at) },
  ];
  return (
    <AdminFrame
      title={admin.section.collections}
      intro={admin.collectionsIntro}
      actions={
        me.is_administrator && (
          <Button kind="primary" icon="add" onClick={() => setMaking(true)}>
            {admin.newCollection}
          </Button>
        )
      }
    >
      {collections.isPending && <Spinner />}
      {collections.isError && (
        <ErrorState error={collections.error} onRetry={() => void collections.refetch()} />
      )}
      {collections.isSuccess && mine.length === 0 && <EmptyState title={admin.noCollections} />}
      {mine.length > 5 && <NameFilter value={words} onChange={setWords} />}
      {mine.length > 0 && shown.length === 0 && <p>{admin.noMatch}</p>}
      {shown.length > 0 && (
        <Table
          label={admin.section.collections}
          columns={columns}
          rows={shown}
          keyOf={(each) => each.id}
        />
      )}
      {isMaking && <NewCollection onClose={() => setMaking(false)} />}
    </AdminFrame>
  );
}

function NewCollection({ onClose }: { onClose: () => void }) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const make = async (form: FormData) => {
    const made = await post("/api/v1/collections", { body: { name: String(form.get("name")) } });
    await refresh();
    navigate(`/admin/collections/${made.id}`);
  };
  return (
    <FormDialog
      title={admin.newCollection}
      action={admin.makeCollection}
      onSend={make}
      onClose={onClose}
    >
      <Field label={admin.name} name="name" required maxLength={200} autoComplete="off" />
    </FormDialog>
  );
}
