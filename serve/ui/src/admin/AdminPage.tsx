import type { ReactNode } from "react";

import { Spinner } from "../components/States";
import { matched, usePath } from "../router";
import { useMe } from "../session/session";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useManages } from "./access";
import { AuditPage } from "./AuditPage";
import { CollectionPage } from "./CollectionPage";
import { CollectionsPage } from "./CollectionsPage";
import { FeedbackPage } from "./FeedbackPage";
import { GroupPage } from "./GroupPage";
import { GroupsPage } from "./GroupsPage";
import { HealthPage } from "./HealthPage";
import { JobsPage } from "./JobsPage";
import { KeysPage } from "./KeysPage";
import { PeoplePage } from "./PeoplePage";
import { PersonPage } from "./PersonPage";
import "./admin.css";

type Parts = Record<string, string>;

const FOR_MANAGERS: [pattern: string, page: (parts: Parts) => ReactNode][] = [
  ["/admin", () => <CollectionsPage />],
  ["/admin/collections", () => <CollectionsPage />],
  ["/admin/collections/:id", ({ id }) => <CollectionPage key={id} id={Number(id)} />],
];
const FOR_ADMINISTRATORS: typeof FOR_MANAGERS = [
  ["/admin/people", () => <PeoplePage />],
  ["/admin/people/:id", ({ id }) => <PersonPage key={id} id={Number(id)} />],
  ["/admin/groups", () => <GroupsPage />],
  ["/admin/groups/:id", ({ id }) => <GroupPage key={id} id={Number(id)} />],
  ["/admin/keys", () => <KeysPage />],
  ["/admin/jobs", () => <JobsPage />],
  ["/admin/feedback", () => <FeedbackPage />],
  ["/admin/audit", () => <AuditPage />],
  ["/admin/health", () => <HealthPage />],
];

/** Administration for whoever has the right to it; for all others there is no such page. */
export default function AdminPage() {
  const path = usePath();
  const me = useMe();
  const manages = useManages();
  if (!me.is_administrator && manages === undefined) return <Spinner />;
  const pages = [
    ...(me.is_administrator || manages ? FOR_MANAGERS : []),
    ...(me.is_administrator ? FOR_ADMINISTRATORS : []),
  ];
  for (const [pattern, page] of pages) {
    const parts = matched(pattern, path);
    if (parts) return page(parts);
  }
  return <NotFoundPage />;
}
