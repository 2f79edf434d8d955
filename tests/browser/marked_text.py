"""What stands under a highlight, by the drawing instructions of pdf.js and not by our own boxes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route

import ui_build

_FILES = {
    "glyphs.mjs": Path(__file__).with_name("glyphs.mjs"),
    "pdf.mjs": ui_build.UI / "node_modules" / "pdfjs-dist" / "build" / "pdf.mjs",
    "pdf.worker.mjs": ui_build.UI / "node_modules" / "pdfjs-dist" / "build" / "pdf.worker.mjs",
}
_READ = """async ([address, cmaps, number]) => {
  const { glyphsOf } = await import("/probe/glyphs.mjs");
  const glyphs = await glyphsOf(address, cmaps, number);
  const page = document.querySelector(`.pdf-page[data-page="${number}"]`);
  const whole = page.getBoundingClientRect();
  const marks = [...page.querySelectorAll(".mark-quote")].map((mark) => {
    const { left, top, right, bottom } = mark.getBoundingClientRect();
    return [(left - whole.left) / whole.width, (top - whole.top) / whole.height,
            (right - whole.left) / whole.width, (bottom - whole.top) / whole.height];
  });
  const isIn = ({ x, y }) => marks.some(([a, b, c, d]) =>
    a - 5e-4 <= x && x <= c + 5e-4 && b <= y && y <= d);
  return glyphs.filter(({ points }) => points.every(isIn)).map(({ text, font }) => [text, font]);
}"""


def let_probe_in(context: BrowserContext) -> None:
    """Have a second pdf.js at hand in the pages of a browser, beside the one of the viewer."""

    def answer(route: Route) -> None:
        file = _FILES[route.request.url.rsplit("/", 1)[-1]]
        route.fulfill(path=file, content_type="text/javascript")

    context.route("**/probe/*", answer)


@dataclass(frozen=True, slots=True)
class Glyph:
    """What is drawn: the text that it means, and the name of its font in the PDF."""

    text: str
    font: str


def marked_text(page: Page, document_id: int, number: int) -> str:
    """The text under the marks of a quote on a page of a PDF, in the order it is drawn in."""
    return "".join(glyph.text for glyph in marked_glyphs(page, document_id, number))


def marked_glyphs(page: Page, document_id: int, number: int) -> list[Glyph]:
    """The glyphs under the marks of a quote on a page of a PDF, in the order they are drawn in."""
    version = json.loads((ui_build.UI / "node_modules/pdfjs-dist/package.json").read_text())[
        "version"
    ]
    address = f"/api/v1/documents/{document_id}/content"
    found = page.evaluate(_READ, [address, f"/assets/pdfjs-{version}/cmaps/", number])
    return [Glyph(text, font) for text, font in found]


def squashed(text: str) -> str:
    """Text without what programs write differently: case, spaces, hyphens, ligatures."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))
