import { useEffect } from "react";

import { useMe } from "../session/session";
import { useOffered } from "./offered";
import { DropZone, Tray } from "./parts";
import { closeUploads, openUploads, useUploads } from "./uploads";

/** Uploads under way, on every page, and the place to drop more. */
export function UploadTray() {
  const me = useMe();
  const owner = String(me.person_id ?? "operator");
  const uploads = useUploads();
  const { isOver, offer, settle } = useOffered();
  useEffect(() => {
    openUploads(owner);
  }, [owner]);
  useEffect(() => closeUploads, []);
  return (
    <>
      {(isOver || offer) && <DropZone isOver={isOver} offer={offer} onSettled={settle} />}
      {uploads.length > 0 && <Tray uploads={uploads} />}
    </>
  );
}
