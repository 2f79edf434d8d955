import { lazy, Suspense, useEffect } from "react";

import { useMe } from "../session/session";
import { closeUploads, openUploads, useUploads } from "./uploads";

const loadTray = () => import("./Tray");
const Tray = lazy(loadTray);
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
  useEffect(() => {
    // When it is needed, the connection may be lost.
    loadTray().catch(() => undefined);
  }, []);
  return (
    <Suspense fallback={null}>
      <DropZone />
      {uploads.length > 0 && <Tray uploads={uploads} />}
    </Suspense>
  );
}
