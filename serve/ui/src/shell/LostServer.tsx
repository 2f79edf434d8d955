import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { send } from "../api/http";
import { useIsLost } from "../api/reach";
import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import { isNotMe } from "../session/session";

const LOOK_MS = 3_000;

/** Told while the server does not answer; once it does, what is shown is read anew. */
export function LostServer() {
  const { problems } = useText();
  const client = useQueryClient();
  const isLost = useIsLost();
  const wasLost = useRef(false);
  useEffect(() => {
    // A network that comes or goes is no more than a reason to look.
    window.addEventListener("offline", look);
    window.addEventListener("online", look);
    return () => {
      window.removeEventListener("offline", look);
      window.removeEventListener("online", look);
    };
  }, []);
  useEffect(() => {
    if (wasLost.current && !isLost) void client.invalidateQueries({ predicate: isNotMe });
    wasLost.current = isLost;
    if (!isLost) return;
    const timer = window.setInterval(look, LOOK_MS);
    return () => window.clearInterval(timer);
  }, [client, isLost]);
  return (
    <div className="lost-server" role="status">
      {isLost && (
        <p>
          <Icon name="warning" size={16} />
          {problems.unreachable}
        </p>
      )}
    </div>
  );
}

function look(): void {
  send("GET", "/healthz", {}).catch(() => undefined);
}
