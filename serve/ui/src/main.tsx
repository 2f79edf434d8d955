import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./styles/tokens.css";
import "./styles/base.css";
import "./components/components.css";
import { ProblemError } from "./api/problem";
import { App } from "./App";
import { NoticesProvider } from "./components/Toasts";
import { firstSpoken, LanguageProvider } from "./i18n/language";
import { applyLook } from "./settings/preferences";
import { listenForShortcuts } from "./shell/shortcuts";

const client = new QueryClient({
  defaultOptions: {
    // The server may be this very machine: no network says nothing of it.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      staleTime: 10_000,
      // What the server has refused it would refuse again.
      retry: (failures, error) => !(error instanceof ProblemError) && failures < 2,
    },
  },
});

applyLook();
listenForShortcuts();
void firstSpoken().then((spoken) =>
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <LanguageProvider first={spoken}>
          <NoticesProvider>
            <App />
          </NoticesProvider>
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  ),
);
