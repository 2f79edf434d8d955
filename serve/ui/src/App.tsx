import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";

import { whenSignedOut } from "./api/http";
import { ChatPage } from "./chat/ChatPage";
import { forgetRuns } from "./chat/runs";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { ErrorState, Spinner } from "./components/States";
import { matched, navigate, usePath } from "./router";
import { EnterPage } from "./session/EnterPage";
import { forgetSession, useSession } from "./session/session";
import { SessionEnded } from "./session/SessionEnded";
import { SignedOutPage } from "./session/SignedOutPage";
import { SignInPage } from "./session/SignInPage";
import { AppShell } from "./shell/AppShell";
import { NotFoundPage } from "./shell/NotFoundPage";
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

/** Addresses that mean nothing to who is in. */
const ENTRANCES = ["/login", "/signed-out"];

export function App() {
  const path = usePath();
  const client = useQueryClient();
  const session = useSession();
  const [hasEnded, setEnded] = useState(false);
  const isIn = Boolean(session.data);
  useEffect(() => {
    whenSignedOut(() => {
      setEnded(isIn);
      // What was written stays: one signs in over it.
      if (!isIn) forgetSession(client);
    });
  }, [client, isIn]);
  useEffect(() => {
    if (!isIn) forgetRuns();
  }, [isIn]);
  useEffect(() => {
    if (isIn && ENTRANCES.includes(path)) navigate("/", { replace: true });
  }, [isIn, path]);

  if (path === "/sign-in") return <EnterPage />;
  if (session.isError)
    return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data === undefined) return <Spinner />;
  if (session.data === null && path === "/signed-out")
    return <SignedOutPage onSignIn={() => navigate("/", { replace: true })} />;
  if (session.data === null) return <SignInPage hasEnded={hasEnded} />;
  return (
    <SourceProvider>
      <AppShell>
        <ErrorBoundary place={path}>
          <Suspense fallback={<Spinner />}>{pageAt(path)}</Suspense>
        </ErrorBoundary>
        {hasEnded && (
          <SessionEnded onBack={() => setEnded(false)} onLeave={() => forgetSession(client)} />
        )}
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
