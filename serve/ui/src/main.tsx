import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./styles/tokens.css";
import "./styles/base.css";
import "./components/components.css";
import { ProblemError } from "./api/problem";
import { App } from "./App";
import { NoticesProvider } from "./components/Toasts";
import { LanguageProvider } from "./i18n/language";
import { applyLook } from "./settings/preferences";
import { listenForShortcuts } from "./shell/shortcuts";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server has refused it would refuse again.
      retry: (failures, error) => !(error instanceof ProblemError) && failures < 2,
    },
  },
});

applyLook();
listenForShortcuts();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <NoticesProvider>
          <App />
        </NoticesProvider>
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
