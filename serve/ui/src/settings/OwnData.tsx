import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { del } from "../api/http";
import { Button } from "../components/Button";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Icon } from "../components/Icon";
import { useNotices } from "../components/Toasts";
import { navigate } from "../router";
import { forgetPerson, forgetSession, useMe } from "../session/session";
import { useSettingsText } from "./texts";

/** One's own data: taken along, or deleted. */
export function OwnData() {
  const settings = useSettingsText();
  const me = useMe();
  const client = useQueryClient();
  const { toast } = useNotices();
  const [asked, setAsked] = useState<"conversations" | "account" | null>(null);
  const close = () => setAsked(null);
  const forget = async () => {
    await del("/api/v1/me/conversations");
    client.removeQueries({ queryKey: ["conversation"] });
    await client.invalidateQueries({ queryKey: ["conversations"] });
    toast({ text: settings.conversationsDeleted });
  };
  const leave = async () => {
    await del("/api/v1/me");
    navigate("/signed-out", { replace: true });
    forgetPerson();
    forgetSession(client);
  };
  return (
    <>
      <p>
        <a className="button button-plain" href="/api/v1/me/export" download>
          <Icon name="download" size={18} />
          {settings.export}
        </a>
      </p>
      <p className="field-hint settings-hint">{settings.exportHint}</p>
      <div className="button-row">
        <Button kind="danger" onClick={() => setAsked("conversations")}>
          {settings.deleteConversations}
        </Button>
        <Button kind="danger" onClick={() => setAsked("account")}>
          {settings.deleteAccount}
        </Button>
      </div>
      {asked === "conversations" && (
        <ConfirmDialog
          title={settings.deleteConversations}
          action={settings.delete}
          onConfirm={forget}
          onClose={close}
        >
          <p>{settings.deleteConversationsBody}</p>
        </ConfirmDialog>
      )}
      {asked === "account" && (
        <ConfirmDialog
          title={settings.deleteAccount}
          action={settings.delete}
          onConfirm={leave}
          onClose={close}
          typed={{ word: me.name, label: settings.typeName(me.name) }}
        >
          <p>{settings.deleteAccountBody}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
