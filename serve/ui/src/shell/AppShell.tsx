import { useEffect, useRef, useState, type MouseEvent, type ReactNode } from "react";

import { IconButton } from "../components/Button";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { useText } from "../i18n/language";
import { navigate, subscribe } from "../router";
import { UploadTray } from "../upload/UploadTray";
import { SourcePane } from "../viewer/SourcePane";
import { Brand } from "./Brand";
import { LostServer } from "./LostServer";
import { useShortcut } from "./shortcuts";
import { COVERED, useMedia } from "./media";
import { ShortcutsDialog } from "./ShortcutsDialog";
import { Sidebar } from "./Sidebar";
import { useSource } from "./source";
import "./shell.css";

/** Sidebar, page, source. Under 1100 px the last is a sheet over the page, under 800 px the first a drawer. */
export function AppShell({ children }: { children: ReactNode }) {
  const { shell } = useText();
  const { source, close } = useSource();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const isCovered = useMedia(COVERED) && source !== null;
  useShortcut("?", shell.shortcutHelp, () => setHelpOpen(true));
  useShortcut("mod+shift+o", shell.newChat, () => navigate("/"));
  const menu = useRef<HTMLButtonElement>(null);
  const closeDrawer = () => {
    setDrawerOpen(false);
    menu.current?.focus();
  };
  const closeLast = () => {
    if (isDrawerOpen) closeDrawer();
    else if (source) close();
    else return false;
  };
  useShortcut("Escape", shell.shortcutClose, closeLast, isDrawerOpen || source !== null);
  useEffect(() => subscribe(() => setDrawerOpen(false)), []);
  return (
    <div className={source ? "shell shell-with-source" : "shell"}>
      <a className="skip-link" href="#content" onClick={skipToContent}>
        {shell.skip}
      </a>
      <LostServer />
      <header className="topbar" inert={isCovered}>
        <IconButton
          ref={menu}
          icon="menu"
          label={isDrawerOpen ? shell.closeSidebar : shell.openSidebar}
          aria-expanded={isDrawerOpen}
          onClick={() => setDrawerOpen(!isDrawerOpen)}
        />
        <Brand />
      </header>
      <Sidebar isOpen={isDrawerOpen} isCovered={isCovered} onHelp={() => setHelpOpen(true)} />
      {isDrawerOpen && (
        <div className="drawer-shade" aria-hidden="true" onClick={closeDrawer} />
      )}
      <main id="content" className="content" tabIndex={-1} inert={isCovered}>
        {children}
      </main>
      {isCovered && <div className="source-shade" aria-hidden="true" onClick={close} />}
      {source && (
        <aside className="source-pane" aria-label={shell.source}>
          <SourcePane source={source} onClose={close} />
        </aside>
      )}
      <ErrorBoundary place="uploads" fallback={null}>
        <UploadTray />
      </ErrorBoundary>
      {isHelpOpen && <ShortcutsDialog onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

/** The address stays: what stands behind its # can be a place in a document. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
