import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { del, get, patch, post } from "../api/http";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Section } from "../components/Section";
import { ErrorState, Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { useFormat } from "../i18n/format";
import { navigate } from "../router";
import { AdminFrame } from "./AdminFrame";
import { BackLink } from "./BackLink";
import { LinkDialog, type HandedLink } from "./LinkDialog";
import { PersonSessions } from "./PersonSessions";
import { PersonState } from "./PersonState";
import { useAct, useRefresh, type Person } from "./queries";
import { useAdminText } from "./texts";

const HOME = "/admin/people";

export function PersonPage({ id }: { id: number }) {
  const admin = useAdminText();
  const person = useQuery({
    queryKey: ["admin", "person", id],
    queryFn: () => get("/api/v1/people/{person_id}", { path: { person_id: id } }),
  });
  if (person.isPending) return <Spinner />;
  if (person.isLoadingError)
    return (
      <AdminFrame title={admin.section.people}>
        <ErrorState error={person.error} onRetry={() => void person.refetch()} />
      </AdminFrame>
    );
  return (
    <AdminFrame title={person.data.name}>
      <BackLink href={HOME} to={admin.section.people} />
      <Facts person={person.data} />
      <Section title={admin.role}>
        <Standing person={person.data} />
      </Section>
      <Section title={admin.sessions}>
        <PersonSessions person={person.data} />
      </Section>
      <Section title={admin.danger}>
        <Deletion person={person.data} />
      </Section>
    </AdminFrame>
  );
}

function Facts({ person }: { person: Person }) {
  const admin = useAdminText();
  const format = useFormat();
  const ways = [
    person.has_password && admin.byPassword,
    person.has_identity && admin.byProvider,
  ].filter(Boolean);
  return (
    <dl className="facts">
      <div>
        <dt>{admin.state}</dt>
        <dd>
          <PersonState person={person} />{" "}
          {person.is_administrator && <Badge tone="good">{admin.administrator}</Badge>}
        </dd>
      </div>
      <div>
        <dt>{admin.signsInBy}</dt>
        <dd>{ways.join(", ") || "–"}</dd>
      </div>
      <div>
        <dt>{admin.signedIn}</dt>
        <dd>{person.signed_in_at ? format.dateTime(person.signed_in_at) : admin.never}</dd>
      </div>
      <div>
        <dt>{admin.created}</dt>
        <dd>{format.date(person.created_at)}</dd>
      </div>
    </dl>
  );
}

type PersonChange = { is_administrator?: boolean; suspended?: boolean };

function Standing({ person }: { person: Person }) {
  const admin = useAdminText();
  const act = useAct();
  const refresh = useRefresh();
  const [link, setLink] = useState<HandedLink | null>(null);
  const [isSuspending, setSuspending] = useState(false);
  const path = { person_id: person.id };
  const change = (body: PersonChange) => patch("/api/v1/people/{person_id}", { path, body });
  const renew = () =>
    act(async () => {
      const { token } = await post("/api/v1/people/{person_id}/link", { path });
      setLink({ name: person.name, token, isFirst: !person.has_password });
    });
  const suspend = async () => {
    await change({ suspended: true });
    await refresh();
  };
  return (
    <div className="button-row">
      <Button onClick={() => void act(() => change({ is_administrator: !person.is_administrator }))}>
        {person.is_administrator ? admin.unmakeAdministrator : admin.makeAdministrator}
      </Button>
      {!person.suspended && <Button onClick={() => void renew()}>{admin.resetLink}</Button>}
      {person.suspended ? (
        <Button onClick={() => void act(() => change({ suspended: false }))}>
          {admin.activate}
        </Button>
      ) : (
        <Button kind="danger" onClick={() => setSuspending(true)}>
          {admin.suspend}
        </Button>
      )}
      {isSuspending && (
        <ConfirmDialog
          title={admin.suspendTitle(person.name)}
          action={admin.suspend}
          onConfirm={suspend}
          onClose={() => setSuspending(false)}
        >
          <p>{admin.suspendBody}</p>
        </ConfirmDialog>
      )}
      {link && <LinkDialog link={link} onClose={() => setLink(null)} />}
    </div>
  );
}

function Deletion({ person }: { person: Person }) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const { toast } = useNotices();
  const [isAsked, setAsked] = useState(false);
  const remove = async () => {
    await del("/api/v1/people/{person_id}", { path: { person_id: person.id } });
    navigate(HOME, { replace: true });
    toast({ text: admin.deleted(person.name) });
    await refresh();
  };
  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => setAsked(true)}>
        {admin.deletePerson}
      </Button>
      {isAsked && (
        <ConfirmDialog
          title={admin.deletePerson}
          action={admin.delete}
          onConfirm={remove}
          onClose={() => setAsked(false)}
          typed={{ word: person.name, label: admin.typeName(person.name) }}
        >
          <p>{admin.deletePersonBody(person.name)}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
