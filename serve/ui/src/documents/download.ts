/** Have the browser save a document's original, which the server sends as an attachment. */
export function downloadOriginal(id: number): void {
  const link = document.createElement("a");
  link.href = `/api/v1/documents/${id}/content`;
  link.download = "";
  link.click();
}
