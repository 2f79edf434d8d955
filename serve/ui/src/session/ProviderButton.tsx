import { useText } from "../i18n/language";
import { useOidc } from "./methods";

/** The way to the organisation's own sign-in and back to this page, where there is one. */
export function ProviderButton({ onLeave }: { onLeave?: () => void }) {
  const { shell } = useText();
  const oidc = useOidc();
  if (!oidc) return null;
  const here = window.location.pathname + window.location.search;
  return (
    <>
      <a
        className="button button-primary"
        href={`${oidc.path}?${new URLSearchParams({ return_to: here })}`}
        onClick={onLeave}
      >
        {shell.signInWith(oidc.name)}
      </a>
      <p className="front-or">{shell.or}</p>
    </>
  );
}
