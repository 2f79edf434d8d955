/** Uploads under way, on every page. */
export function UploadTray() {
  return null;
}
