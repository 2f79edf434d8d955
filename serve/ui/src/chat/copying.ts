/** Answers for the clipboard. */
import { isQuoted, type ShownCitation } from "./answer";

interface Labels {
  sources: string;
  page: (page: string) => string;
}

/** An answer in Markdown with what it cites. */
export function markdownOf(text: string, citations: readonly ShownCitation[], labels: Labels) {
  const sources = citations.flatMap((each) => {
    if (!isQuoted(each)) return [];
    const page = each.paged ? `, ${labels.page(each.page_label || String(each.page))}` : "";
    const quote = each.quote.replace(/\s+/g, " ");
    return [`- [${each.n}] ${each.document_name}${page}: “${quote}”`];
  });
  return sources.length ? `${text}\n\n**${labels.sources}**\n\n${sources.join("\n")}\n` : text;
}

/** Put a text on the clipboard; also where the page came without TLS, and browsers offer less. */
export async function copy(text: string): Promise<void> {
  if ("clipboard" in navigator) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.value = text;
  area.style.position = "fixed";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
}
