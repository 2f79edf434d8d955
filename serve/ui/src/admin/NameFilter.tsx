import { Field } from "../components/Field";
import { useAdminText } from "./texts";

interface NameFilterProps {
  value: string;
  onChange: (value: string) => void;
}

export function NameFilter({ value, onChange }: NameFilterProps) {
  const admin = useAdminText();
  return (
    <div className="admin-filter">
      <Field
        label={admin.search}
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}
