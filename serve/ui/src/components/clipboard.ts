/**
 * Put a text on the clipboard; also where the page came without TLS, and browsers offer less.
 * @throws DOMException where the browser does not let it.
 */
export async function copy(text: string): Promise<void> {
  if ("clipboard" in navigator) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  const before = document.activeElement;
  // Under a modal dialog nothing outside of it can be selected.
  const around = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  area.value = text;
  area.style.position = "fixed";
  around.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!isCopied) throw new DOMException("Copying is not allowed here.", "NotAllowedError");
}
