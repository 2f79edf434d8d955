import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { useAdminText } from "./texts";

/** From one thing to the list of them. */
export function BackLink({ href, to }: { href: string; to: string }) {
  const admin = useAdminText();
  return (
    <Link href={href} className="admin-back">
      <Icon name="back" size={18} />
      {admin.back(to)}
    </Link>
  );
}
