import { useState, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { Button } from "../components/Button";
import { copy } from "../components/clipboard";
import { Dialog } from "../components/Dialog";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";

/** A link in an answer: it shows where it leads before anything is asked of anybody. */
export function OuterLink({ href, children }: { href?: string; children?: ReactNode }) {
  const { chat, shell } = useText();
  const { toast } = useNotices();
  const [isAsking, setAsking] = useState(false);
  if (!href || !/^https?:\/\//i.test(href)) return <>{children}</>;
  return (
    <>
      <button type="button" className="link-button" onClick={() => setAsking(true)}>
        {children}
      </button>
      {isAsking && createPortal(
        <Dialog
          title={chat.leaving}
          onClose={() => setAsking(false)}
          actions={
            <>
              <Button onClick={() => setAsking(false)}>{shell.cancel}</Button>
              <Button
                icon="copy"
                onClick={() => {
                  void copy(href).then(
                    () => toast({ text: chat.copied }),
                    () => toast({ kind: "error", text: chat.notCopied }),
                  );
                  setAsking(false);
                }}
              >
                {chat.copyAddress}
              </Button>
              <a
                className="button button-primary"
                href={href}
                target="_blank"
                rel="noopener noreferrer nofollow"
                onClick={() => setAsking(false)}
              >
                {chat.openAddress}
              </a>
            </>
          }
        >
          <p>{chat.leavingWhy}</p>
          <code className="outer-address">{href}</code>
        </Dialog>,
        document.body,
      )}
    </>
  );
}
