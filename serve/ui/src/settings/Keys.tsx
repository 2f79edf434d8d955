import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { del, get } from "../api/http";
import { Button } from "../components/Button";
import { ErrorState, Spinner } from "../components/States";
import { KeysTable } from "./KeysTable";
import { NewKey } from "./NewKey";
import { useSettingsText } from "./texts";

const KEY = ["keys"];

export function Keys() {
  const settings = useSettingsText();
  const client = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const keys = useQuery({ queryKey: KEY, queryFn: () => get("/api/v1/keys") });
  const refresh = () => client.invalidateQueries({ queryKey: KEY });
  const revoke = async (id: number) => {
    await del("/api/v1/keys/{key_id}", { path: { key_id: id } });
    await refresh();
  };
  if (keys.isPending) return <Spinner />;
  if (keys.isLoadingError) return <ErrorState error={keys.error} />;
  const { items } = keys.data;
  return (
    <>
      {items.length === 0 ? (
        <p>{settings.noKeys}</p>
      ) : (
        <KeysTable keys={items} onRevoke={(each) => revoke(each.id)} />
      )}
      <p className="settings-more">
        <Button icon="add" onClick={() => setMaking(true)}>
          {settings.newKey}
        </Button>
      </p>
      {isMaking && <NewKey onMade={refresh} onClose={() => setMaking(false)} />}
    </>
  );
}
