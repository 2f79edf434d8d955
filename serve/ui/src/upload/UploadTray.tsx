import { lazy, Suspense, useEffect } from "react";

import { useMe } from "../session/session";
import { closeUploads, openUploads, useUploads } from "./uploads";

const Tray = lazy(() => import("./Tray"));
const DropZone = lazy(() => import("./DropZone"));

/** Uploads under way, on every page, and the place to drop more. */
export function UploadTray() {
  const me = useMe();
  const owner = String(me.person_id ?? "operator");
  const uploads = useUploads();
  useEffect(() => {
    openUploads(owner);
  }, [owner]);
  useEffect(() => closeUploads, []);
  return (
    <Suspense fallback={null}>
      <DropZone />
      {uploads.length > 0 && <Tray uploads={uploads} />}
    </Suspense>
  );
}
