import { useState } from "react";

import type { Schemas } from "../api/types";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { useSettingsText } from "./texts";
import "./settings.css";

export type Key = Schemas["KeyOut"];

interface KeysTableProps {
  keys: Key[];
  /** Whose each is, where they are of several people. */
  ownerOf?: (key: Key) => string;
  onRevoke: (key: Key) => Promise<unknown>;
}

export function KeysTable({ keys, ownerOf, onRevoke }: KeysTableProps) {
  const settings = useSettingsText();
  const format = useFormat();
  const [chosen, setChosen] = useState<Key | null>(null);
  const columns: Column<Key>[] = [
    {
      title: settings.keyName,
      cell: (each) => (
        <>
          {each.name} <code className="key-ending">…{each.ending}</code>
        </>
      ),
    },
    ...(ownerOf ? [{ title: settings.owner, cell: ownerOf }] : []),
    {
      title: settings.permissions,
      cell: (each) => each.permissions.map((one) => settings.permissionNames[one]).join(", "),
    },
    {
      title: settings.expires,
      cell: (each) =>
        each.expires_at === null ? (
          settings.never
        ) : new Date(each.expires_at) < new Date() ? (
          <Badge tone="danger">{settings.expired}</Badge>
        ) : (
          format.date(each.expires_at)
        ),
    },
    {
      title: settings.used,
      cell: (each) => (each.used_at ? format.dateTime(each.used_at) : settings.never),
    },
    {
      title: settings.actions,
      className: "cell-actions",
      cell: (each) => (
        <Button
          kind="quiet"
          aria-label={settings.revokeKey(each.name)}
          onClick={() => setChosen(each)}
        >
          {settings.revoke}
        </Button>
      ),
    },
  ];
  return (
    <>
      <Table label={settings.keys} columns={columns} rows={keys} keyOf={(each) => each.id} />
      {chosen && (
        <ConfirmDialog
          title={settings.revokeKey(chosen.name)}
          action={settings.revoke}
          onConfirm={() => onRevoke(chosen)}
          onClose={() => setChosen(null)}
        >
          <p>{settings.revokeBody}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
