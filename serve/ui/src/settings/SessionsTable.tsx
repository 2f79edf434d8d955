import type { Schemas } from "../api/types";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { browserName } from "./browserName";
import { useSettingsText, type SettingsText } from "./texts";

export type Session = Schemas["SessionOut"];

interface SessionsTableProps {
  sessions: Session[];
  onEnd?: (session: Session) => void;
}

export function SessionsTable({ sessions, onEnd }: SessionsTableProps) {
  const settings = useSettingsText();
  const format = useFormat();
  const columns: Column<Session>[] = [
    {
      title: settings.browser,
      cell: (each) => (
        <span title={each.agent}>
          {shown(each.agent, settings)}{" "}
          {each.current && <Badge tone="good">{settings.thisOne}</Badge>}
        </span>
      ),
    },
    { title: settings.since, cell: (each) => format.dateTime(each.created_at) },
    { title: settings.lastUse, cell: (each) => format.dateTime(each.used_at) },
  ];
  if (onEnd)
    columns.push({
      title: settings.actions,
      className: "cell-actions",
      cell: (each) =>
        !each.current && (
          <Button
            kind="quiet"
            aria-label={settings.endSession(shown(each.agent, settings))}
            onClick={() => onEnd(each)}
          >
            {settings.end}
          </Button>
        ),
    });
  return (
    <Table
      label={settings.sessions}
      columns={columns}
      rows={sessions}
      keyOf={(each) => each.id}
    />
  );
}

function shown(agent: string, settings: SettingsText): string {
  const { browser, system } = browserName(agent);
  if (!browser) return agent || settings.unknownBrowser;
  return system ? settings.browserOn(browser, system) : browser;
}
