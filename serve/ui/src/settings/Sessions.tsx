import { useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get } from "../api/http";
import { useMessageOf } from "../components/messages";
import { ErrorState, Spinner } from "../components/States";
import { useNotices } from "../components/Toasts";
import { SessionsTable, type Session } from "./SessionsTable";

const KEY = ["sessions"];

export function Sessions() {
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const sessions = useQuery({ queryKey: KEY, queryFn: () => get("/api/v1/auth/sessions") });
  const end = async (session: Session) => {
    try {
      await del("/api/v1/auth/sessions/{session_id}", { path: { session_id: session.id } });
    } catch (refused) {
      toast({ text: messageOf(refused), kind: "error" });
    }
    await client.invalidateQueries({ queryKey: KEY });
  };
  if (sessions.isPending) return <Spinner />;
  if (sessions.isLoadingError) return <ErrorState error={sessions.error} />;
  return <SessionsTable sessions={sessions.data.items} onEnd={(each) => void end(each)} />;
}
