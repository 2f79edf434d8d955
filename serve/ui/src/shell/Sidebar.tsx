import { useManages } from "../admin/access";
import { ConversationList } from "../conversations/ConversationList";
import { Icon, type IconName } from "../components/Icon";
import { Link } from "../components/Link";
import { Menu } from "../components/Menu";
import { useMessageOf } from "../components/messages";
import { useNotices } from "../components/Toasts";
import { useText } from "../i18n/language";
import { navigate, usePath } from "../router";
import { useMe, useSigningOut } from "../session/session";
import { Brand } from "./Brand";

interface SidebarProps {
  isOpen: boolean;
  /** Whether the source lies over it. */
  isCovered: boolean;
  onHelp: () => void;
}

export function Sidebar({ isOpen, isCovered, onHelp }: SidebarProps) {
  const { shell } = useText();
  const me = useMe();
  const manages = useManages();
  const signOut = useSigningOut();
  const messageOf = useMessageOf();
  const { toast } = useNotices();
  const leave = () =>
    signOut().catch((error: unknown) => toast({ kind: "error", text: messageOf(error) }));
  return (
    <nav
      className={isOpen ? "sidebar sidebar-open" : "sidebar"}
      aria-label={shell.navigation}
      inert={isCovered}
    >
      <div className="sidebar-brand">
        <Brand />
      </div>
      <Link href="/" className="button button-plain sidebar-new">
        <Icon name="add" size={18} />
        {shell.newChat}
      </Link>
      <div className="sidebar-list">
        <ConversationList />
      </div>
      <div className="sidebar-foot">
        <NavLink href="/documents" icon="document" label={shell.documents} />
        {(me.is_administrator || manages) && (
          <NavLink href="/admin" icon="admin" label={shell.administration} />
        )}
        <Menu
          label={shell.signedInAs(me.name)}
          className="nav-link"
          items={[
            { label: shell.settings, icon: "settings", onSelect: () => navigate("/settings") },
            { label: shell.shortcuts, icon: "help", onSelect: onHelp },
            { label: shell.signOut, icon: "signOut", onSelect: () => void leave() },
          ]}
        >
          <Icon name="person" />
          <span className="nav-name">{me.name}</span>
          <Icon name="more" size={18} />
        </Menu>
      </div>
    </nav>
  );
}

interface NavLinkProps {
  href: string;
  icon: IconName;
  label: string;
}

function NavLink({ href, icon, label }: NavLinkProps) {
  const path = usePath();
  const isHere = path === href || path.startsWith(`${href}/`);
  return (
    <Link href={href} className="nav-link" aria-current={isHere ? "page" : undefined}>
      <Icon name={icon} />
      {label}
    </Link>
  );
}
