"""Citations in the viewer: random quotes of real PDFs, each cited by an answer and clicked on.

A scripted model quotes words of the document; the citation is verified and stored as any other, and
its chip is clicked in a real Chromium. What lies under the marks is read
from the drawing instructions of pdf.js, glyph by glyph, which know nothing of the boxes by which
the marks are drawn.

Letters can be compared only where the PDF says what its glyphs mean: by a ToUnicode map, or by an
encoding. Fonts of formulas often say neither, and pdfium and pdf.js then call the same glyph by
different letters. Whether a quote can be judged letter by letter is asked of the PDF and of the
fonts under the marks, never of how the comparison ends. Pages that were read by OCR have no glyphs:
they are counted apart.
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
from functools import cache
from pathlib import Path

import httpx
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from tests.bench.options import Options
from tests.bench.tables import percent, print_table
from tests.browser.chat import quoting_words
from tests.browser.chromium import chromium
from tests.browser.marked_text import Glyph, let_probe_in, marked_glyphs, squashed
from tests.browser.visit import Visit, visit
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm

_SEED = 20261123
_LENGTHS = (60, 160)
_LEAST_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF in a collection of its own, and where its file lies."""

    document: int
    collection: int
    file: Path


@dataclass(frozen=True, slots=True)
class Quote:
    """A citation that is stored with an answer: ``conversation`` holds nothing else."""

    paper: Paper
    conversation: int
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a click on a quote has marked, after how long; None where there are no glyphs."""

    quote: Quote
    glyphs: list[Glyph] | None
    seconds: float

    @property
    def marked(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs or [])

    @property
    def can_be_judged(self) -> bool:
        """Whether the PDF says what each of the glyphs means that are marked."""
        silent = _silent_fonts(self.quote.paper.file)
        return not any(glyph.font in silent for glyph in self.glyphs or [])

    @property
    def is_exact(self) -> bool:
        """Whether the letters under the marks are those of the quote, in whatever order drawn."""
        return self._letters_under_marks() == Counter()

    @property
    def is_exact_by_place(self) -> bool:
        """The same where a sign may stand for a letter of the quote, one for one."""
        difference = self._letters_under_marks()
        signs = Counter(_signs(self.marked)) - Counter(_signs(self.quote.text))
        return min(difference.values(), default=0) >= 0 and difference.total() <= signs.total()

    def _letters_under_marks(self) -> Counter[str]:
        """Letters of the quote that are not marked, and below zero what is marked beyond it."""
        difference = Counter(squashed(self.quote.text))
        difference.subtract(squashed(self.marked))
        return Counter({letter: count for letter, count in difference.items() if count})


def run(options: Options) -> None:
    """Print how many of 200 quotes are marked exactly."""
    with tempfile.TemporaryDirectory() as folder, scripted_llm() as llm:
        server = start_server(Path(folder, "data"), LLM_URL=llm.url)
        try:
            count = 20 if options.quick else 200
            shown, tried = _shown(server, llm, options.data / "pdf", count)
        finally:
            server.stop()
    _report(shown, tried)


def _shown(
    server: RunningServer, llm: ScriptedLlm, folder: Path, count: int
) -> tuple[list[Shown], int]:
    town = Town(server)
    reader = town.person("Reader")
    papers = _ingested(town, reader, sorted(folder.glob("*.pdf")))
    quotes, tried = _cited_quotes(server, reader, llm, papers, count)
    with chromium() as browser:
        seen = visit(browser, town, viewport={"width": 1440, "height": 900})
        seen.sign_in("Reader")
        let_probe_in(seen.context)
        shown = [_clicked(seen, quote) for quote in quotes]
    town.close()
    return shown, tried


def _ingested(town: Town, reader: httpx.Client, files: list[Path]) -> list[Paper]:
    found: list[Paper] = []
    for file in files:
        collection = town.server.collection(file.name)["id"]
        town.granted(collection, reader, "reader")
        (item,) = town.server.upload({file.name: file.read_bytes()}, file.name)
        if item["error"] is None and town.server.ended(item["job_id"])["stage"] == "ready":
            found.append(Paper(item["document_id"], collection, file))
        else:
            sys.stderr.write(f"{file.name}: cannot be taken in\n")
    return found


def _cited_quotes(
    server: RunningServer, reader: httpx.Client, llm: ScriptedLlm, papers: list[Paper], count: int
) -> tuple[list[Quote], int]:
    """Quotes of whole words that an answer cites, and how many were tried for them.

    Every page with enough text has the same chance. Words that no single passage holds cannot be
    cited.
    """
    pages = [
        (paper, each["number"])
        for paper in papers
        for each in server.http.get(f"/api/v1/documents/{paper.document}/pages").json()["items"]
        if each["characters"] > _LENGTHS[0]
    ]
    dice = random.Random(_SEED)
    quotes: list[Quote] = []
    tried = 0
    while len(quotes) < count and tried < 3 * count:
        paper, number = dice.choice(pages)
        path = f"/api/v1/documents/{paper.document}/pages/{number}"
        words = _random_words(dice, server.http.get(path).json()["text"])
        if len(squashed(words)) < _LEAST_LETTERS:
            continue
        tried += 1
        llm.server.script = quoting_words(words)
        quotes += _cited(reader, paper, words)
    # Those of one document after another, as the pages of a document stay open.
    return sorted(quotes, key=lambda each: (each.paper.document, each.page)), tried


def _random_words(dice: random.Random, text: str) -> str:
    words = list(re.finditer(r"\S+", text))
    first = dice.choice(words)
    length = dice.randint(*_LENGTHS)
    last = [each for each in words if first.start() < each.end() <= first.start() + length]
    return text[first.start() : last[-1].end()] if last else ""


def _cited(reader: httpx.Client, paper: Paper, words: str) -> list[Quote]:
    made: int = reader.post("/api/v1/conversations", json={}).json()["id"]
    body = {"question": " ".join(words.split()), "collections": [paper.collection]}
    answer = reader.post(f"/api/v1/conversations/{made}/turns?stream=false", json=body).json()
    return [
        Quote(paper, made, each["page"], each["quote"])
        for each in answer["citations"]
        if squashed(each["quote"]) == squashed(words)
    ][:1]


def _clicked(seen: Visit, quote: Quote) -> Shown:
    page = seen.open(f"/c/{quote.conversation}")
    chip = page.locator(".answer .chip").first
    chip.wait_for()
    begun = time.monotonic()
    chip.click()
    page.wait_for_function(
        """([number, words]) =>
          document.querySelector("blockquote")?.textContent === words &&
          document.querySelector(`[data-page="${number}"] :is(.mark-quote, mark)`) !== null""",
        arg=[quote.page, quote.text],
    )
    seconds = time.monotonic() - begun
    if not page.evaluate(_HAS_TEXT, quote.page):
        return Shown(quote, None, seconds)
    return Shown(quote, marked_glyphs(page, quote.paper.document, quote.page), seconds)


@cache
def _silent_fonts(file: Path) -> frozenset[str]:
    """The fonts of a PDF that do not say what their glyphs mean."""
    fonts = [
        font.get_object()
        for page in PdfReader(file).pages
        for font in _dictionary(_dictionary(page, "/Resources"), "/Font").values()
    ]
    return frozenset(
        str(font.get("/BaseFont", "")).removeprefix("/")
        for font in fonts
        if "/ToUnicode" not in font and "/Encoding" not in font
    )


def _dictionary(holder: DictionaryObject, key: str) -> DictionaryObject:
    found = holder.get(key)
    held = found.get_object() if found is not None else None
    return held if isinstance(held, DictionaryObject) else DictionaryObject()


def _signs(text: str) -> Iterator[str]:
    return (sign for sign in text if not sign.isalnum() and not sign.isspace())


_HAS_TEXT = """async (number) => {
  const layer = document.querySelector(`.pdf-page[data-page="${number}"] .textLayer`);
  for (let tries = 0; tries < 40 && !layer.textContent; tries++)
    await new Promise((done) => setTimeout(done, 50));
  return layer.textContent !== "";
}"""


def _report(shown: list[Shown], tried: int) -> None:
    read = [each for each in shown if each.glyphs is not None]
    judged = [each for each in read if each.can_be_judged]
    others = [each for each in read if not each.can_be_judged]
    seconds = [each.seconds for each in shown]
    print_table(
        f"citations clicked on, {len(shown)} of {tried} random quotes; "
        f"{len(shown) - len(read)} on pages without glyphs",
        ["quotes whose glyphs", "number", "letter by letter", "by place", "must"],
        [
            _row("have a meaning in the PDF", judged, "99 % letter by letter"),
            _row("have none for some", others, "-"),
            _row("all", read, "-"),
        ],
    )
    print(
        "Letter by letter: the letters and digits of the glyphs under the marks are those of the "
        "quote, as many of each,\nin whatever order they are drawn. By place: a glyph that pdf.js "
        "takes for a sign may stand for a letter of the quote,\none for one; nothing is marked "
        "beyond the quote. A PDF gives a glyph a meaning by a ToUnicode map or an encoding\nof its "
        f"font. From the click to the mark: {statistics.median(seconds):.2f} s, at most "
        f"{max(seconds):.2f} s."
    )
    for each in read:
        if not (each.is_exact if each.can_be_judged else each.is_exact_by_place):
            where = f"{each.quote.paper.file.name}, page {each.quote.page}"
            sys.stderr.write(f"{where}:\n  quote  {each.quote.text!r}\n  marked {each.marked!r}\n")


def _row(name: str, shown: list[Shown], must: str) -> list[str]:
    exact = sum(each.is_exact for each in shown)
    placed = sum(each.is_exact_by_place for each in shown)
    shares = [f"{n} = {percent(n / len(shown) if shown else None)}" for n in (exact, placed)]
    return [name, str(len(shown)), *shares, must]
