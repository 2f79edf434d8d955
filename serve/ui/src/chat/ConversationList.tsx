import { useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import { Link } from "../components/Link";
import { useText } from "../i18n/language";
import { usePath } from "../router";
import "./chat.css";

/** The conversations in the sidebar, the one last changed first. */
export function ConversationList() {
  const { chat } = useText();
  const path = usePath();
  const { data } = useQuery({
    queryKey: ["conversations"],
    queryFn: () => get("/api/v1/conversations"),
  });
  if (!data) return null;
  if (!data.items.length) return <p className="conversations-none">{chat.empty}</p>;
  return (
    <ul className="conversations">
      {data.items.map(({ id, title }) => (
        <li key={id}>
          <Link
            href={`/c/${id}`}
            className="nav-link"
            aria-current={path === `/c/${id}` ? "page" : undefined}
          >
            <span className="nav-name">{title}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
