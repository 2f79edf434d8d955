/** Short messages that go by themselves, and a region that screen readers are told from. */
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";

import { useText } from "../i18n/language";
import { IconButton } from "./Button";

export interface Toast {
  text: string;
  kind?: "info" | "error";
  action?: { label: string; onSelect: () => void };
  seconds?: number;
}

interface Notices {
  /** Show a message for some seconds; with an action, for longer. */
  toast: (toast: Toast) => void;
  /** Have a screen reader say something that is seen otherwise. */
  announce: (text: string) => void;
}

const NoticesContext = createContext<Notices | null>(null);
const SECONDS = { plain: 6, action: 10 };

export function NoticesProvider({ children }: { children: ReactNode }) {
  const { shell } = useText();
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([]);
  const [status, setStatus] = useState("");
  const nextId = useRef(0);
  const remove = useCallback((id: number) => {
    setToasts((now) => now.filter((each) => each.id !== id));
  }, []);
  const notices = useMemo<Notices>(
    () => ({
      announce: setStatus,
      toast: (given) => {
        const id = nextId.current++;
        setToasts((now) => [...now.slice(-3), { ...given, id }]);
        const seconds = given.seconds ?? (given.action ? SECONDS.action : SECONDS.plain);
        if (given.kind !== "error") window.setTimeout(() => remove(id), seconds * 1000);
      },
    }),
    [remove],
  );
  return (
    <NoticesContext value={notices}>
      {children}
      <div className="visually-hidden" role="status">
        {status}
      </div>
      <section className="toasts" aria-label={shell.notifications} aria-live="polite">
        {toasts.map(({ id, text, kind = "info", action }) => (
          <div key={id} className={`toast toast-${kind}`}>
            <span>{text}</span>
            {action && (
              <button
                type="button"
                className="toast-action"
                onClick={() => {
                  action.onSelect();
                  remove(id);
                }}
              >
                {action.label}
              </button>
            )}
            <IconButton icon="close" label={shell.close} onClick={() => remove(id)} />
          </div>
        ))}
      </section>
    </NoticesContext>
  );
}

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("useNotices outside of NoticesProvider");
  return notices;
}
