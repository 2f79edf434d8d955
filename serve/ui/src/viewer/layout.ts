/** Where the pages of a PDF lie below each other, and which of them are in view. */

export interface PageSize {
  width: number;
  height: number;
}

export interface PlacedPage extends PageSize {
  top: number;
}

export interface Anchor {
  page: number;
  /** How much of the page, and of the gap above it, lies above the view. */
  share: number;
}

export const GAP = 16;
const WIDEST_FIT = 960;

/** Pages as they lie when each is as wide as the view, times the zoom. */
export function placedPages(
  sizes: readonly PageSize[],
  viewWidth: number,
  zoom: number,
): PlacedPage[] {
  const width = Math.max(1, Math.min(viewWidth - 2 * GAP, WIDEST_FIT) * zoom);
  let top = GAP;
  return sizes.map((size) => {
    const height = (width * size.height) / size.width;
    const placed = { top, width, height };
    top += height + GAP;
    return placed;
  });
}

/** The index of the page that lies at a height. */
export function pageAt(pages: readonly PlacedPage[], height: number): number {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pages[middle]?.top ?? 0) - GAP <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function anchorAt(pages: readonly PlacedPage[], height: number): Anchor {
  const page = pageAt(pages, height);
  const at = pages[page];
  return { page, share: at ? (height - at.top + GAP) / (at.height + GAP) : 0 };
}

export function heightOf(pages: readonly PlacedPage[], { page, share }: Anchor): number {
  const at = pages[page];
  return at ? at.top - GAP + share * (at.height + GAP) : 0;
}

/** The height of all pages together. */
export function wholeHeight(pages: readonly PlacedPage[]): number {
  const last = pages.at(-1);
  return last ? last.top + last.height + GAP : 0;
}
