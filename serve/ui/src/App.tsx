import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";

import { whenSignedOut } from "./api/http";
import { ChatPage } from "./chat/ChatPage";
import { forgetRuns, keepQuestions } from "./chat/runs";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { later } from "./components/later";
import { Spinner } from "./components/States";
import { matched, navigate, usePath } from "./router";
import { EnterPage } from "./session/EnterPage";
import { FrontError } from "./session/Front";
import { forgetSession, useSession } from "./session/session";
import { SessionEnded } from "./session/SessionEnded";
import { SignedOutPage } from "./session/SignedOutPage";
import { SignInPage } from "./session/SignInPage";
import { AppShell } from "./shell/AppShell";
import { NotFoundPage } from "./shell/NotFoundPage";
import { SourceProvider } from "./shell/source";

const AdminPage = later(() => import("./admin/AdminPage"), <Spinner />);
const DocumentsPage = later(() => import("./documents/DocumentsPage"), <Spinner />);
const SettingsPage = later(() => import("./settings/SettingsPage"), <Spinner />);
const ViewerPage = later(() => import("./viewer/ViewerPage"), <Spinner />);
const WelcomePage = later(() => import("./welcome/WelcomePage"), <Spinner />);

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

/** Those whose code comes apart. It is fetched while the server is asked who is in. */
const APART = {
  "/d/:id": ViewerPage,
  "/documents": DocumentsPage,
  "/settings": SettingsPage,
  "/admin/*": AdminPage,
  "/welcome": WelcomePage,
};
for (const [pattern, page] of Object.entries(APART))
  if (matched(pattern, window.location.pathname)) page.ahead();

/** Addresses that mean nothing to who is in. */
const ENTRANCES = ["/login", "/signed-out"];

export function App() {
  const path = usePath();
  const client = useQueryClient();
  const session = useSession();
  const [hasEnded, setEnded] = useState(false);
  const isIn = Boolean(session.data);
  const [wasIn, setWasIn] = useState(isIn);
  if (wasIn !== isIn) {
    setWasIn(isIn);
    if (isIn) setEnded(false);
  }
  useEffect(() => {
    // What was read and written stays: one signs in over it.
    whenSignedOut(() => setEnded(isIn));
  }, [isIn]);
  useEffect(() => {
    if (!isIn) forgetRuns();
  }, [isIn]);
  const personId = session.data?.person_id;
  useEffect(() => {
    if (personId === undefined) return;
    const keep = () => keepQuestions(personId);
    window.addEventListener("pagehide", keep);
    return () => window.removeEventListener("pagehide", keep);
  }, [personId]);
  useEffect(() => {
    if (isIn && ENTRANCES.includes(path)) navigate("/", { replace: true });
  }, [isIn, path]);

  if (path === "/sign-in") return <EnterPage />;
  if (session.isLoadingError)
    return <FrontError error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data === undefined) return <Spinner />;
  if (session.data === null && path === "/signed-out")
    return <SignedOutPage onSignIn={() => navigate("/", { replace: true })} />;
  if (session.data === null) return <SignInPage hasEnded={hasEnded} />;
  return (
    <SourceProvider>
      <AppShell>
        <ErrorBoundary place={path}>
          {pageAt(path)}
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
