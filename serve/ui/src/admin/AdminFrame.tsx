import type { ReactNode } from "react";

import "../components/forms.css";
import { Link } from "../components/Link";
import { usePath } from "../router";
import { useMe } from "../session/session";
import { Page } from "../shell/Page";
import { useAdminText } from "./texts";

const SECTIONS = [
  "collections",
  "people",
  "groups",
  "keys",
  "jobs",
  "feedback",
  "audit",
  "health",
] as const;
const OF_MANAGERS = ["collections"] as const;

interface AdminFrameProps {
  title: string;
  intro?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of administration under the list of all of them. */
export function AdminFrame({ title, intro, actions, children }: AdminFrameProps) {
  const admin = useAdminText();
  const me = useMe();
  const path = usePath();
  const present = path.split("/")[2] ?? "collections";
  return (
    <div className="admin">
      <nav className="admin-nav" aria-label={admin.sections}>
        {(me.is_administrator ? SECTIONS : OF_MANAGERS).map((each) => (
          <Link
            key={each}
            href={`/admin/${each}`}
            aria-current={each === present ? "page" : undefined}
          >
            {admin.section[each]}
          </Link>
        ))}
      </nav>
      <Page title={title} actions={actions}>
        {intro && <p className="admin-intro">{intro}</p>}
        {children}
      </Page>
    </div>
  );
}
