import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";

import { del, get, patch, put } from "../api/http";
import type { Schemas } from "../api/types";
import { Button } from "../components/Button";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Field } from "../components/Field";
import { Section } from "../components/Section";
import { ErrorState, Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { navigate } from "../router";
import { AdminFrame } from "./AdminFrame";
import { BackLink } from "./BackLink";
import { named } from "./filtering";
import { NameFilter } from "./NameFilter";
import { useAct, usePeople, useRefresh } from "./queries";
import { useAdminText } from "./texts";

type Details = Schemas["GroupDetails"];

const HOME = "/admin/groups";

export function GroupPage({ id }: { id: number }) {
  const admin = useAdminText();
  const group = useQuery({
    queryKey: ["admin", "group", id],
    queryFn: () => get("/api/v1/groups/{group_id}", { path: { group_id: id } }),
  });
  if (group.isPending) return <Spinner />;
  if (group.isLoadingError)
    return (
      <AdminFrame title={admin.section.groups}>
        <ErrorState error={group.error} onRetry={() => void group.refetch()} />
      </AdminFrame>
    );
  return (
    <AdminFrame title={group.data.name}>
      <BackLink href={HOME} to={admin.section.groups} />
      <Section title={admin.groupMembers} intro={admin.groupsIntro}>
        <Membership group={group.data} />
      </Section>
      <Section title={admin.rename}>
        <Renaming key={group.data.name} group={group.data} />
      </Section>
      <Section title={admin.danger}>
        <Deletion group={group.data} />
      </Section>
    </AdminFrame>
  );
}

function Membership({ group }: { group: Details }) {
  const admin = useAdminText();
  const act = useAct();
  const people = usePeople();
  const [words, setWords] = useState("");
  // What was ticked counts at once, so that the next tick does not undo it.
  const [ticked, setTicked] = useState<ReadonlySet<number> | null>(null);
  // One after the other: of lists on their way at once, the older may arrive last and stay.
  const sent = useRef<Promise<unknown>>(Promise.resolve());
  const inside = ticked ?? new Set(group.members.map((each) => each.id));
  const toggle = (personId: number) => {
    const next = inside.has(personId)
      ? [...inside].filter((each) => each !== personId)
      : [...inside, personId];
    const options = { path: { group_id: group.id }, body: { people: next } };
    const chosen = new Set(next);
    setTicked(chosen);
    const send = () => put("/api/v1/groups/{group_id}/members", options);
    void act(() => (sent.current = sent.current.then(send, send))).then(() =>
      setTicked((now) => (now === chosen ? null : now)),
    );
  };
  const all = people.data ?? [];
  return (
    <>
      {group.from_oidc && <p>{admin.groupMembersLocked}</p>}
      {all.length > 5 && <NameFilter value={words} onChange={setWords} />}
      <ul className="checks">
        {named(all, words).map((each) => (
          <li key={each.id}>
            <label className="check">
              <input
                type="checkbox"
                checked={inside.has(each.id)}
                disabled={group.from_oidc}
                onChange={() => toggle(each.id)}
              />
              {each.name}
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}

function Renaming({ group }: { group: Details }) {
  const admin = useAdminText();
  const act = useAct();
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const body = { name: String(new FormData(event.currentTarget).get("name")) };
    const path = { group_id: group.id };
    void act(() => patch("/api/v1/groups/{group_id}", { path, body }), admin.saved);
  };
  return (
    <form className="admin-form" onSubmit={save}>
      <Field
        label={admin.name}
        name="name"
        defaultValue={group.name}
        required
        maxLength={200}
        autoComplete="off"
      />
      <Button type="submit">{admin.save}</Button>
    </form>
  );
}

function Deletion({ group }: { group: Details }) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const { toast } = useNotices();
  const [isAsked, setAsked] = useState(false);
  const remove = async () => {
    await del("/api/v1/groups/{group_id}", { path: { group_id: group.id } });
    navigate(HOME, { replace: true });
    toast({ text: admin.deleted(group.name) });
    await refresh();
  };
  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => setAsked(true)}>
        {admin.deleteGroup}
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={admin.deleteGroup}
          action={admin.delete}
          onConfirm={remove}
          onClose={() => setAsked(false)}
        >
          <p>{admin.deleteGroupBody(group.name)}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
