import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";

import { whenSignedOut } from "./api/http";
import { ChatPage } from "./chat/ChatPage";
import { EmptyState, ErrorState, Spinner } from "./components/States";
import { Link } from "./components/Link";
import { useText } from "./i18n/language";
import { matched, navigate, usePath } from "./router";
import { EnterPage } from "./session/EnterPage";
import { forgetSession, useSession } from "./session/session";
import { SignInPage } from "./session/SignInPage";
import { AppShell } from "./shell/AppShell";
import { Page } from "./shell/Page";
import { SourceProvider } from "./shell/source";

const AdminPage = lazy(() => import("./admin/AdminPage"));
const DocumentsPage = lazy(() => import("./documents/DocumentsPage"));
const SettingsPage = lazy(() => import("./settings/SettingsPage"));
const ViewerPage = lazy(() => import("./viewer/ViewerPage"));
const WelcomePage = lazy(() => import("./welcome/WelcomePage"));

type Parts = Record<string, string>;

/** The pages by their addresses; serve/web.py serves the same ones. */
const PAGES: [pattern: string, page: (parts: Parts) => ReactNode][] = [
  ["/", () => <ChatPage conversationId={null} />],
  ["/c/:id", ({ id }) => <ChatPage conversationId={Number(id)} />],
  ["/d/:id", ({ id }) => <ViewerPage documentId={Number(id)} />],
  ["/documents", () => <DocumentsPage />],
  ["/settings", () => <SettingsPage />],
  ["/admin/*", () => <AdminPage />],
  ["/welcome", () => <WelcomePage />],
];

export function App() {
  const path = usePath();
  const client = useQueryClient();
  const session = useSession();
  const [hasEnded, setEnded] = useState(false);
  const isIn = Boolean(session.data);
  useEffect(() => {
    whenSignedOut(() => {
      setEnded(isIn);
      forgetSession(client);
    });
  }, [client, isIn]);
  useEffect(() => {
    if (isIn && path === "/login") navigate("/", { replace: true });
  }, [isIn, path]);

  if (path === "/sign-in") return <EnterPage />;
  if (session.isError)
    return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data === undefined) return <Spinner />;
  if (session.data === null) return <SignInPage hasEnded={hasEnded} />;
  return (
    <SourceProvider>
      <AppShell>
        <Suspense fallback={<Spinner />}>{pageAt(path)}</Suspense>
      </AppShell>
    </SourceProvider>
  );
}

function pageAt(path: string): ReactNode {
  for (const [pattern, page] of PAGES) {
    const parts = matched(pattern, path);
    if (parts) return page(parts);
  }
  return <NotFoundPage />;
}

function NotFoundPage() {
  const { shell } = useText();
  return (
    <Page title={shell.notFound}>
      <EmptyState icon="search" title={shell.notFoundBody}>
        <Link href="/">{shell.toStart}</Link>
      </EmptyState>
    </Page>
  );
}
