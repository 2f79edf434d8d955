/** How a page is called. */
import type { Dictionary } from "../i18n/languages";
import type { PageOutline, ShownDocument } from "./document";

/** The printed number of a page, the name of a slide or sheet, or the number of a part. */
export function pageLabel(
  viewer: Dictionary["viewer"],
  shown: ShownDocument,
  outline: PageOutline | undefined,
  number: number,
): string {
  const label = outline?.label ?? "";
  if (shown.media_type.endsWith("presentationml.presentation")) return viewer.slide(label || `${number}`);
  if (shown.paged) return viewer.page(label || `${number}`);
  return label || viewer.part(number, shown.page_count);
}
