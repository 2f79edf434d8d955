"""Citations in the viewer: random quotes over real PDFs, each opened in a real Chromium.

What lies under the marks is read from the drawing instructions of pdf.js, glyph by glyph, which
know nothing of the boxes by which the marks are drawn. Pages that were read by OCR have no glyphs:
they are counted apart, as marked or not.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.bench.options import Options
from tests.bench.tables import percent, print_table
from tests.browser.chromium import chromium
from tests.browser.marked_text import let_probe_in, marked_text, squashed
from tests.browser.visit import visit
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town

_SEED = 20261123
_LENGTHS = (60, 160)
_LEAST_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a page of a document."""

    document: int
    name: str
    page: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a click on a quote has marked, after how long; None where there are no glyphs."""

    quote: Quote
    marked: str | None
    seconds: float

    @property
    def is_exact(self) -> bool:
        """Whether the letters under the marks are those of the quote, in whatever order drawn."""
        return self.marked is not None and self._letters_under_marks() == Counter()

    @property
    def is_exact_but_for_names(self) -> bool:
        """The same where a letter of the quote may be a sign: old fonts of formulas do not say what
        their glyphs mean, and what pdfium calls 0 or k, pdf.js calls a prime or a double bar.
        """
        difference = self._letters_under_marks()
        signs = Counter(_signs(self.marked or "")) - Counter(_signs(self.quote.text))
        return min(difference.values(), default=0) >= 0 and difference.total() <= signs.total()

    def _letters_under_marks(self) -> Counter[str]:
        """Letters of the quote that are not marked, and below zero what is marked beyond it."""
        difference = Counter(squashed(self.quote.text))
        difference.subtract(squashed(self.marked or ""))
        return Counter({letter: count for letter, count in difference.items() if count})


def run(options: Options) -> None:
    """Print how many of 200 quotes are marked exactly."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder, "data"))
        try:
            shown = list(_shown(server, options.data / "pdf", 20 if options.quick else 200))
        finally:
            server.stop()
    _report(shown)


def _shown(server: RunningServer, folder: Path, count: int) -> Iterator[Shown]:
    names = _ingested(server, sorted(folder.glob("*.pdf")))
    town = Town(server)
    reader = town.person("Reader")
    collection = server.http.get("/api/v1/collections").json()["items"][0]["id"]
    town.granted(collection, reader, "reader")
    quotes = _random_quotes(server, names, count)
    with chromium() as browser:
        seen = visit(browser, town, viewport={"width": 1280, "height": 900})
        seen.sign_in("Reader")
        let_probe_in(seen.context)
        # Those of one document after another, as the pages of a document stay open.
        for quote in sorted(quotes, key=lambda each: (each.document, each.page)):
            yield _opened(seen.page, seen.url, quote)
    town.close()


def _ingested(server: RunningServer, files: list[Path]) -> dict[int, str]:
    found: dict[int, str] = {}
    for file in files:
        (item,) = server.upload({file.name: file.read_bytes()})
        if item["error"] is None and server.ended(item["job_id"])["stage"] == "ready":
            found[item["document_id"]] = file.name
        else:
            sys.stderr.write(f"{file.name}: cannot be taken in\n")
    return found


def _random_quotes(server: RunningServer, names: dict[int, str], count: int) -> list[Quote]:
    """Quotes of whole words; every page with enough text has the same chance."""
    pages = [
        (document, each["number"])
        for document in names
        for each in server.http.get(f"/api/v1/documents/{document}/pages").json()["items"]
        if each["characters"] > _LENGTHS[0]
    ]
    dice = random.Random(_SEED)
    quotes: list[Quote] = []
    while len(quotes) < count:
        document, number = dice.choice(pages)
        path = f"/api/v1/documents/{document}/pages/{number}"
        text: str = server.http.get(path).json()["text"]
        words = list(re.finditer(r"\S+", text))
        first = dice.choice(words)
        length = dice.randint(*_LENGTHS)
        last = [each for each in words if first.start() < each.end() <= first.start() + length]
        if not last:
            continue
        start, end = first.start(), last[-1].end()
        if len(squashed(text[start:end])) >= _LEAST_LETTERS:
            quotes.append(Quote(document, names[document], number, start, end, text[start:end]))
    return quotes


def _opened(page: Page, url: str, quote: Quote) -> Shown:
    path = f"/d/{quote.document}"
    place = f"page={quote.page}&s={quote.start}-{quote.end}"
    begun = time.monotonic()
    if page.url.split("#")[0] == url + path:
        page.evaluate("(place) => { window.location.hash = place; }", place)
    else:
        page.goto(f"{url}{path}#{place}")
    page.wait_for_function(
        """([number, words]) =>
          document.querySelector("blockquote")?.textContent === words &&
          document.querySelector(`[data-page="${number}"] :is(.mark-quote, mark)`) !== null""",
        arg=[quote.page, quote.text],
    )
    seconds = time.monotonic() - begun
    if page.locator(f'.text-page[data-page="{quote.page}"]').count():
        return Shown(quote, "".join(page.locator("mark").all_text_contents()), seconds)
    if not page.evaluate(_HAS_TEXT, quote.page):
        return Shown(quote, None, seconds)
    return Shown(quote, marked_text(page, quote.document, quote.page), seconds)


def _signs(text: str) -> Iterator[str]:
    return (sign for sign in text if not sign.isalnum() and not sign.isspace())


_HAS_TEXT = """async (number) => {
  const layer = document.querySelector(`.pdf-page[data-page="${number}"] .textLayer`);
  for (let tries = 0; tries < 40 && !layer.textContent; tries++)
    await new Promise((done) => setTimeout(done, 50));
  return layer.textContent !== "";
}"""


def _report(shown: list[Shown]) -> None:
    read = [each for each in shown if each.marked is not None]
    exact = [each for each in read if each.is_exact]
    named = [each for each in read if each.is_exact_but_for_names]
    middle = statistics.median(each.seconds for each in shown)
    slowest = max(each.seconds for each in shown)
    print_table(
        "quotes marked in the viewer",
        [
            "quotes",
            "with glyphs",
            "exact",
            "but for names of signs",
            "scans",
            "s, median",
            "s, most",
        ],
        [
            [
                str(len(shown)),
                str(len(read)),
                f"{len(exact)} = {percent(len(exact) / max(1, len(read)))}",
                f"{len(named)} = {percent(len(named) / max(1, len(read)))}",
                str(len(shown) - len(read)),
                f"{middle:.2f}",
                f"{slowest:.2f}",
            ]
        ],
    )
    for each in read:
        if not each.is_exact_but_for_names:
            where = f"{each.quote.name}, page {each.quote.page}"
            sys.stderr.write(f"{where}:\n  quote  {each.quote.text!r}\n  marked {each.marked!r}\n")
