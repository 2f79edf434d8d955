import { useQuery } from "@tanstack/react-query";

import { del, get } from "../api/http";
import { Button } from "../components/Button";
import { ErrorState, Spinner } from "../components/States";
import { SessionsTable } from "../settings/SessionsTable";
import { useAct, type Person } from "./queries";
import { useAdminText } from "./texts";

/** Where somebody is signed in, and an end to it. */
export function PersonSessions({ person }: { person: Person }) {
  const admin = useAdminText();
  const act = useAct();
  const path = { person_id: person.id };
  const sessions = useQuery({
    queryKey: ["admin", "sessions", person.id],
    queryFn: () => get("/api/v1/people/{person_id}/sessions", { path }),
  });
  if (sessions.isLoadingError)
    return <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />;
  if (!sessions.data) return <Spinner />;
  const { items } = sessions.data;
  if (items.length === 0) return <p>{admin.noSessions}</p>;
  const signOut = () =>
    act(
      () => del("/api/v1/people/{person_id}/sessions", { path }),
      admin.signedOutAll(person.name),
    );
  return (
    <>
      <SessionsTable sessions={items} />
      <p className="admin-more">
        <Button icon="signOut" onClick={() => void signOut()}>
          {admin.signOutAll}
        </Button>
      </p>
    </>
  );
}
