import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Secret } from "../components/Secret";
import { useAdminText } from "./texts";

export interface HandedLink {
  name: string;
  token: string;
  /** Whether it is somebody's first one, an invitation. */
  isFirst: boolean;
}

/** A link for somebody, shown this once. */
export function LinkDialog({ link, onClose }: { link: HandedLink; onClose: () => void }) {
  const admin = useAdminText();
  return (
    <Dialog
      title={admin.linkFor(link.name)}
      onClose={onClose}
      isKept
      actions={
        <Button kind="primary" onClick={onClose}>
          {admin.done}
        </Button>
      }
    >
      <p>{admin.linkBody}</p>
      <Secret
        label={admin.linkFor(link.name)}
        value={`${window.location.origin}/sign-in#${link.token}`}
      />
      <p>{link.isFirst ? admin.invitationDays : admin.resetHours}</p>
    </Dialog>
  );
}
