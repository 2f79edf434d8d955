import { useState } from "react";

import { post } from "../api/http";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { Field } from "../components/Field";
import { FormDialog } from "../components/FormDialog";
import { Link } from "../components/Link";
import { ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { AdminFrame } from "./AdminFrame";
import { named } from "./filtering";
import { LinkDialog, type HandedLink } from "./LinkDialog";
import { NameFilter } from "./NameFilter";
import { PersonState } from "./PersonState";
import { usePeople, useRefresh, type Person } from "./queries";
import { useAdminText } from "./texts";

export function PeoplePage() {
  const admin = useAdminText();
  const format = useFormat();
  const people = usePeople();
  const [words, setWords] = useState("");
  const [isInviting, setInviting] = useState(false);
  const [link, setLink] = useState<HandedLink | null>(null);
  const all = people.data ?? [];
  const shown = named(all, words);
  const columns: Column<Person>[] = [
    {
      title: admin.name,
      cell: (each) => <Link href={`/admin/people/${each.id}`}>{each.name}</Link>,
    },
    { title: admin.state, cell: (each) => <PersonState person={each} /> },
    {
      title: admin.role,
      cell: (each) =>
        each.is_administrator ? <Badge tone="good">{admin.administrator}</Badge> : admin.person,
    },
    {
      title: admin.signedIn,
      cell: (each) => (each.signed_in_at ? format.dateTime(each.signed_in_at) : admin.never),
    },
  ];
  return (
    <AdminFrame
      title={admin.section.people}
      actions={
        <Button kind="primary" icon="add" onClick={() => setInviting(true)}>
          {admin.invite}
        </Button>
      }
    >
      {people.isPending && <Spinner />}
      {people.isError && (
        <ErrorState error={people.error} onRetry={() => void people.refetch()} />
      )}
      {all.length > 5 && <NameFilter value={words} onChange={setWords} />}
      {all.length > 0 && shown.length === 0 && <p>{admin.noMatch}</p>}
      {shown.length > 0 && (
        <Table
          label={admin.section.people}
          columns={columns}
          rows={shown}
          keyOf={(each) => each.id}
        />
      )}
      {isInviting && <Invitation onMade={setLink} onClose={() => setInviting(false)} />}
      {link && <LinkDialog link={link} onClose={() => setLink(null)} />}
    </AdminFrame>
  );
}

interface InvitationProps {
  onMade: (link: HandedLink) => void;
  onClose: () => void;
}

function Invitation({ onMade, onClose }: InvitationProps) {
  const admin = useAdminText();
  const refresh = useRefresh();
  const invite = async (form: FormData) => {
    const invited = await post("/api/v1/people", {
      body: {
        name: String(form.get("name")),
        is_administrator: form.get("administrator") !== null,
      },
    });
    onMade({ name: invited.person.name, token: invited.token, isFirst: true });
    await refresh();
  };
  return (
    <FormDialog
      title={admin.invite}
      action={admin.makeInvitation}
      onSend={invite}
      onClose={onClose}
    >
      <Field
        label={admin.name}
        hint={admin.inviteHint}
        name="name"
        required
        maxLength={200}
        autoComplete="off"
      />
      <label className="check">
        <input type="checkbox" name="administrator" />
        {admin.asAdministrator}
      </label>
    </FormDialog>
  );
}
