import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";

import { put } from "../api/http";
import { Button } from "../components/Button";
import { FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { useMe } from "../session/session";
import { codeOf } from "../api/problem";
import { GROUPS, PEOPLE, useGroups, usePeople, useRefresh, type Group, type Role } from "./queries";
import { RoleChoice } from "./RoleChoice";
import { useAdminText, type AdminText } from "./texts";

/** Grants something to a person or a group, found by name; only administrators are shown all names. */
export function AddMember({ collectionId }: { collectionId: number }) {
  const admin = useAdminText();
  const isAdministrator = useMe().is_administrator;
  const people = usePeople(isAdministrator).data ?? [];
  const groups = useGroups(isAdministrator).data ?? [];
  const client = useQueryClient();
  const refresh = useRefresh();
  const messageOf = useMessageOf();
  const id = useId();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("reader");
  const [error, setError] = useState<string | null>(null);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const holder = isAdministrator ? await holderOf(client, name, admin) : { person: name };
      await put("/api/v1/collections/{collection_id}/grants", {
        path: { collection_id: collectionId },
        body: { ...holder, role },
      });
      setName("");
      await refresh();
    } catch (refused) {
      setError(codeOf(refused) === "not_found" ? admin.unknownName : messageOf(refused));
    }
  };
  return (
    <form className="add-member" onSubmit={(event) => void add(event)}>
      <div className="field">
        <label htmlFor={id}>{admin.addMember}</label>
        <input
          id={id}
          list={`${id}-names`}
          value={name}
          placeholder={admin.whom}
          aria-describedby={`${id}-hint`}
          autoComplete="off"
          required
          onChange={(event) => setName(event.target.value)}
        />
        <datalist id={`${id}-names`}>
          {groups.map((each) => (
            <option key={`g${each.id}`} value={groupLabel(each, admin)} />
          ))}
          {people.map((each) => (
            <option key={each.id} value={each.name} />
          ))}
        </datalist>
        <p id={`${id}-hint`} className="field-hint">
          {isAdministrator ? admin.whomHint : admin.whomExact}
        </p>
      </div>
      <RoleChoice label={admin.role} value={role} onChoose={setRole} />
      <Button type="submit" icon="add">
        {admin.add}
      </Button>
      {error && <FormError>{error}</FormError>}
    </form>
  );
}

function groupLabel(group: Group, admin: AdminText): string {
  return `${group.name} (${admin.isGroup})`;
}

/** Who is meant; one may be quicker than the lists. */
async function holderOf(client: QueryClient, name: string, admin: AdminText) {
  const [groups, people] = await Promise.all([
    client.ensureQueryData(GROUPS),
    client.ensureQueryData(PEOPLE),
  ]);
  const group = groups.find((each) => groupLabel(each, admin) === name);
  if (group) return { group: group.id };
  const person = people.find((each) => each.name === name);
  return { person: person?.id ?? name };
}
