import type { Role } from "./queries";
import { useAdminText } from "./texts";

const ROLES: readonly Role[] = ["reader", "writer", "manager"];

interface RoleChoiceProps {
  label: string;
  value: Role;
  onChoose: (role: Role) => void;
}

/** A choice of a role in a row that names it otherwise. */
export function RoleChoice({ label, value, onChoose }: RoleChoiceProps) {
  const admin = useAdminText();
  return (
    <select
      className="role-choice"
      aria-label={label}
      value={value}
      onChange={(event) => onChoose(event.target.value as Role)}
    >
      {ROLES.map((each) => (
        <option key={each} value={each}>
          {admin.roles[each]} – {admin.roleHints[each]}
        </option>
      ))}
    </select>
  );
}
