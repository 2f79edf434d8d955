import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { del, get, patch } from "../api/http";
import type { Collection } from "../api/types";
import { useStatus } from "../chat/queries";
import { Button } from "../components/Button";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Field } from "../components/Field";
import { ErrorState, Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { navigate } from "../router";
import { useMe } from "../session/session";
import { AdminFrame } from "./AdminFrame";
import { BackLink } from "./BackLink";
import { Members } from "./Members";
import { ModelChoice } from "./ModelChoice";
import { useAct, useRefresh } from "./queries";
import { Section } from "../components/Section";
import { useAdminText } from "./texts";

const HOME = "/admin/collections";

export function CollectionPage({ id }: { id: number }) {
  const admin = useAdminText();
  const me = useMe();
  const collection = useQuery({
    queryKey: ["admin", "collection", id],
    queryFn: () => get("/api/v1/collections/{collection_id}", { path: { collection_id: id } }),
  });
  if (collection.isPending) return <Spinner />;
  if (collection.isLoadingError)
    return (
      <AdminFrame title={admin.section.collections}>
        <ErrorState error={collection.error} onRetry={() => void collection.refetch()} />
      </AdminFrame>
    );
  const found = collection.data;
  return (
    <AdminFrame title={found.name}>
      <BackLink href={HOME} to={admin.section.collections} />
      <Section title={admin.members} intro={admin.membersIntro}>
        <Members collectionId={id} />
      </Section>
      <Section title={admin.settingsOf} intro={admin.modelHint}>
        <Details key={found.name} collection={found} mayRename={me.is_administrator} />
      </Section>
      <Section title={admin.danger}>
        <Deletion collection={found} />
      </Section>
    </AdminFrame>
  );
}

function Details({ collection, mayRename }: { collection: Collection; mayRename: boolean }) {
  const admin = useAdminText();
  const act = useAct();
  const { data: status } = useStatus();
  const [model, setModel] = useState(collection.model);
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? collection.name).trim();
    const body = name === collection.name ? { model } : { model, name };
    const path = { collection_id: collection.id };
    void act(() => patch("/api/v1/collections/{collection_id}", { path, body }), admin.saved);
  };
  return (
    <form className="admin-form" onSubmit={save}>
      {mayRename && (
        <Field
          label={admin.name}
          name="name"
          defaultValue={collection.name}
          required
          maxLength={200}
          autoComplete="off"
        />
      )}
      <ModelChoice value={model} models={status?.llm?.models ?? []} onChoose={setModel} />
      <Button type="submit">{admin.save}</Button>
    </form>
  );
}

function Deletion({ collection }: { collection: Collection }) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const { toast } = useNotices();
  const [isAsked, setAsked] = useState(false);
  const remove = async () => {
    const path = { collection_id: collection.id };
    await del("/api/v1/collections/{collection_id}", { path });
    navigate(HOME, { replace: true });
    toast({ text: admin.deleted(collection.name) });
    await refresh();
  };
  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => setAsked(true)}>
        {admin.deleteCollection}
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={admin.deleteCollection}
          action={admin.delete}
          onConfirm={remove}
          onClose={() => setAsked(false)}
          typed={{ word: collection.name, label: admin.typeName(collection.name) }}
        >
          <p>{admin.deleteCollectionBody(collection.name)}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
