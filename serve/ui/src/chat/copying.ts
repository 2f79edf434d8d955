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
