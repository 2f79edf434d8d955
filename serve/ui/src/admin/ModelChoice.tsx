import { Select } from "../components/Field";
import { useAdminText } from "./texts";

interface ModelChoiceProps {
  value: string;
  models: readonly string[];
  onChoose: (model: string) => void;
}

/** The models that are served, and the one that was chosen even where it is served no more. */
export function ModelChoice({ value, models, onChoose }: ModelChoiceProps) {
  const admin = useAdminText();
  const known = [...new Set([...models, value])].filter(Boolean);
  const options = [["", admin.modelDefault] as const, ...known.map((each) => [each, each] as const)];
  return <Select label={admin.model} value={value} options={options} onChoose={onChoose} />;
}
