import { Button } from "../components/Button";
import { useText } from "../i18n/language";
import { Front } from "./Front";

/** What somebody sees who has just signed out. */
export function SignedOutPage({ onSignIn }: { onSignIn: () => void }) {
  const { shell } = useText();
  return (
    <Front title={shell.signedOut}>
      <p>{shell.signedOutBody}</p>
      <Button kind="primary" onClick={onSignIn}>
        {shell.signInAgain}
      </Button>
    </Front>
  );
}
