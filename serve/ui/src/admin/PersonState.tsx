import { Badge, type Tone } from "../components/Badge";
import type { Person } from "./queries";
import { useAdminText } from "./texts";

const TONES = { active: "plain", invited: "warning", suspended: "danger" } as const satisfies Record<
  string,
  Tone
>;

/** Whether somebody comes in, has yet to, or may not. */
export function PersonState({ person }: { person: Person }) {
  const admin = useAdminText();
  const state = stateOf(person);
  return <Badge tone={TONES[state]}>{admin.states[state]}</Badge>;
}

function stateOf(person: Person): keyof typeof TONES {
  if (person.suspended) return "suspended";
  return person.has_password || person.has_identity ? "active" : "invited";
}
