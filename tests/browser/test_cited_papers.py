"""A click on a citation marks exactly its words, whatever the document and the answer's age."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import answered, ask, quoting_words
from tests.browser.conftest import VisitFactory
from tests.browser.marked_text import let_probe_in, marked_text, squashed
from tests.browser.papers import PAPERS, SCANNED_WORDS, SCANS, Write, in_view, ocr_of
from tests.browser.site import ADMINISTRATOR, Site
from tests.browser.visit import Visit
from tests.fixtures.tesseract import need_tesseract

Check = Callable[[Page], None]


@pytest.fixture(scope="module")
def shelf(site: Site) -> dict[str, int]:
    """The documents by name, each in a collection of its own that has its name."""
    need_tesseract()
    ada = site.town.signed_in(ADMINISTRATOR)
    writes: dict[str, Write] = {name: write for name, (write, _, _) in PAPERS.items()} | SCANS
    found: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in writes.items():
            site.town.granted(site.town.server.collection(name)["id"], ada, "reader")
            path = Path(folder, name)
            write(path)
            (found[name],) = site.town.server.ingest({name: path.read_bytes()}, name)
    return found


@pytest.fixture
def reader(visiting: VisitFactory, shelf: dict[str, int]) -> Visit:
    assert shelf
    made = visiting(ADMINISTRATOR, viewport={"width": 1440, "height": 900})
    let_probe_in(made.context)
    return made


def asked_of(reader: Visit, name: str, words: str) -> Page:
    """A conversation with an answer that cites one document."""
    page = reader.open("/")
    page.get_by_role("button", name="Documents to ask").click()
    page.get_by_role("checkbox", name=re.compile(f"^{re.escape(name)}")).check()
    page.keyboard.press("Escape")
    ask(page, f"{words}?")
    answered(page)
    return page


def opened_thrice(reader: Visit, page: Page, check: Check) -> None:
    """At once, after a reload, and as an old conversation that one comes back to."""
    url = page.url
    for again in (lambda: None, page.reload, lambda: (page.goto(reader.url), page.goto(url))):
        again()
        page.locator(".answer .chip").first.click()
        expect(page.locator(".source-pane .mark-quote").first).to_be_visible()
        check(page)


@pytest.mark.parametrize("name", PAPERS)
def test_the_text_under_the_mark_is_the_quote(
    name: str, reader: Visit, site: Site, shelf: dict[str, int]
) -> None:
    """15, 16 and 17, by the citation that was stored with the answer."""
    _, number, words = PAPERS[name]
    site.llm.server.script = quoting_words(words)

    def check(page: Page) -> None:
        assert squashed(marked_text(page, shelf[name], number)) == squashed(words)
        assert squashed(page.locator("blockquote").inner_text()) == squashed(words)
        assert in_view(page, ".mark-quote")

    opened_thrice(reader, asked_of(reader, name, words), check)


@pytest.mark.parametrize("name", SCANS)
def test_the_picture_under_the_mark_reads_as_the_quote(
    name: str, reader: Visit, site: Site, shelf: dict[str, int]
) -> None:
    """The same on pages that were read by OCR: the picture under the mark is read once more."""
    site.llm.server.script = quoting_words(SCANNED_WORDS)

    def check(page: Page) -> None:
        expect(page.locator(".pdf-picture canvas, .image-page img").first).to_be_visible()
        page.wait_for_function("() => [...document.images].every((each) => each.complete)")
        assert in_view(page, ".mark-quote")
        assert squashed(ocr_of(page, ".mark-quote")) == squashed(SCANNED_WORDS)

    opened_thrice(reader, asked_of(reader, name, SCANNED_WORDS), check)
