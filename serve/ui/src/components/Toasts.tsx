/** Short messages that go by themselves, and a region that screen readers are told from. */
import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type ReactNode,
} from "react";

import { useText } from "../i18n/language";
import { IconButton } from "./Button";

export interface Toast {
  text: string;
  kind?: "info" | "error";
  action?: { label: string; onSelect: () => void };
  /** Called when it is gone, and its action was not taken. */
  onEnd?: () => void;
}

interface Shown extends Toast {
  id: number;
}

interface Notices {
  /** Show a message for some seconds, with an action for longer; while it is pointed at, it stays. */
  toast: (toast: Toast) => void;
  /** Have a screen reader say something that is seen otherwise. */
  announce: (text: string) => void;
}

const NoticesContext = createContext<Notices | null>(null);
const SECONDS = { plain: 6, action: 10 };
const MOST = 4;

export function NoticesProvider({ children }: { children: ReactNode }) {
  const { shell } = useText();
  const [toasts, setToasts] = useState<readonly Shown[]>([]);
  const [status, setStatus] = useState("");
  const shown = useRef<readonly Shown[]>([]);
  const nextId = useRef(0);
  const own = useMemo(() => {
    const show = (next: readonly Shown[]) => {
      shown.current = next;
      setToasts(next);
    };
    const remove = (gone: Shown) => show(shown.current.filter((each) => each.id !== gone.id));
    const end = (gone: Shown) => {
      remove(gone);
      gone.onEnd?.();
    };
    const toast = (given: Toast) => {
      for (const old of shown.current.slice(0, 1 - MOST)) end(old);
      show([...shown.current, { ...given, id: nextId.current++ }]);
    };
    return { remove, end, notices: { toast, announce: setStatus } satisfies Notices };
  }, []);
  return (
    <NoticesContext value={own.notices}>
      {children}
      <div className="visually-hidden" role="status">
        {status}
      </div>
      <section className="toasts" aria-label={shell.notifications} aria-live="polite">
        {toasts.map((each) => (
          <ToastItem key={each.id} toast={each} onAct={own.remove} onEnd={own.end} />
        ))}
      </section>
    </NoticesContext>
  );
}

interface ToastItemProps {
  toast: Shown;
  onAct: (toast: Shown) => void;
  onEnd: (toast: Shown) => void;
}

function ToastItem({ toast, onAct, onEnd }: ToastItemProps) {
  const { shell } = useText();
  const { text, kind = "info", action } = toast;
  const [isPointedAt, setPointedAt] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const { root, onFocus } = useFocusGivenBack();
  const isStaying = kind === "error" || isPointedAt || isFocused;
  useEffect(() => {
    if (isStaying) return;
    const seconds = toast.action ? SECONDS.action : SECONDS.plain;
    const timer = window.setTimeout(() => onEnd(toast), seconds * 1000);
    return () => window.clearTimeout(timer);
  }, [isStaying, onEnd, toast]);
  return (
    <div
      ref={root}
      className={`toast toast-${kind}`}
      onPointerEnter={() => setPointedAt(true)}
      onPointerLeave={() => setPointedAt(false)}
      onFocus={(event) => {
        onFocus(event);
        setFocused(event.target.matches(":focus-visible"));
      }}
      onBlur={() => setFocused(false)}
    >
      <span>{text}</span>
      {action && (
        <button
          type="button"
          className="toast-action"
          onClick={() => {
            action.onSelect();
            onAct(toast);
          }}
        >
          {action.label}
        </button>
      )}
      <IconButton icon="close" label={shell.close} onClick={() => onEnd(toast)} />
    </div>
  );
}

/** The focus where nothing has it while something can be done, and back where it was in the end. */
function useFocusGivenBack() {
  const root = useRef<HTMLDivElement>(null);
  const before = useRef<EventTarget | null>(null);
  useLayoutEffect(() => {
    const own = root.current;
    return () => {
      if (!own?.contains(document.activeElement)) return;
      const back = before.current;
      const isThere = back instanceof HTMLElement && back.isConnected;
      (isThere ? back : document.getElementById("content"))?.focus();
    };
  }, []);
  useEffect(() => {
    // What was chosen to be deleted had the focus.
    if (document.activeElement === document.body)
      root.current?.querySelector<HTMLElement>(".toast-action")?.focus();
  }, []);
  const onFocus = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) before.current = relatedTarget;
  };
  return { root, onFocus };
}

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("useNotices outside of NoticesProvider");
  return notices;
}
