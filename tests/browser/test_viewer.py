"""The source viewer on its own page: what is marked is what was quoted, whatever the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import VisitFactory
from tests.browser.marked_text import let_probe_in, marked_text, squashed
from tests.browser.papers import PAPERS, SCANNED_WORDS, SCANS, Write, in_view, ocr_of
from tests.browser.site import ADMINISTRATOR, Site
from tests.browser.visit import Visit, taken
from tests.fixtures.documents import write_markdown, write_xlsx
from tests.fixtures.pdf_source import pdf_with_odd_page
from tests.fixtures.tesseract import need_tesseract


@dataclass(frozen=True, slots=True)
class Papers:
    """Documents of this module by name."""

    site: Site
    ids: dict[str, int]

    def page_text(self, name: str, number: int) -> str:
        path = f"/api/v1/documents/{self.ids[name]}/pages/{number}"
        text: str = self.site.town.operator.get(path).json()["text"]
        return text

    def address(self, name: str, number: int, words: str) -> str:
        """Where the viewer shows words of a page, whatever the spaces between them."""
        text = self.page_text(name, number)
        letters = [(at, letter) for at, letter in enumerate(text) if not letter.isspace()]
        bare = "".join(letter for _, letter in letters)
        first = bare.index("".join(words.split()))
        start = letters[first][0]
        end = letters[first + len("".join(words.split())) - 1][0] + 1
        return f"/d/{self.ids[name]}#page={number}&s={start}-{end}"


@pytest.fixture(scope="module")
def papers(site: Site) -> Iterator[Papers]:
    need_tesseract()
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Write] = {name: write for name, (write, _, _) in PAPERS.items()}
        files |= SCANS | {"stock.xlsx": write_xlsx, "rule.md": write_markdown}
        contents: dict[str, bytes] = {}
        for name, write in files.items():
            write(Path(folder, name))
            contents[name] = Path(folder, name).read_bytes()
    contents["long.txt"] = long_text().encode()
    ids = site.town.server.ingest(contents)
    yield Papers(site, dict(zip(contents, ids, strict=True)))


def long_text() -> str:
    """Eight parts, with one sentence that stands once, in the sixth."""
    lines = [f"Line {n} of the ledger says nothing of interest to anybody. 🜁" for n in range(2_600)]
    lines[1_800] = "In the year MCDXXIII the bell was recast in Lübeck. 🜂"
    return "\n\n".join(lines)


@pytest.fixture
def reader(visiting: VisitFactory, papers: Papers) -> Visit:
    made = visiting(ADMINISTRATOR)
    let_probe_in(made.context)
    return made


@pytest.mark.parametrize("name", PAPERS)
def test_the_text_under_the_highlight_is_the_quote(
    name: str, reader: Visit, papers: Papers
) -> None:
    """15 and 17: plain, columns, turned, cropped, CJK, a user unit, boxes that are shifted."""
    _, number, words = PAPERS[name]
    page = reader.open(papers.address(name, number, words))
    expect(page.locator(".mark-quote").first).to_be_visible()
    assert squashed(marked_text(page, papers.ids[name], number)) == squashed(words)
    assert squashed(page.locator("blockquote").inner_text()) == squashed(words)
    assert in_view(page, ".mark-quote")


@pytest.mark.parametrize("name", ["chinese.pdf", "japanese.pdf", "turned-90.pdf"])
def test_the_text_layer_can_be_selected_and_read_aloud(
    name: str, reader: Visit, papers: Papers
) -> None:
    _, number, words = PAPERS[name]
    page = reader.open(papers.address(name, number, words))
    expect(page.locator(".textLayer")).to_contain_text(words.split()[0][:4])
    text = page.locator(".textLayer").first.text_content() or ""
    assert squashed(words) in squashed(text)


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_is_marked_on_its_picture(name: str, reader: Visit, papers: Papers) -> None:
    """15 on pages that were read by OCR: the picture under the highlight, read once more."""
    page = reader.open(papers.address(name, 1, SCANNED_WORDS))
    expect(page.locator(".mark-quote")).to_have_count(1)
    expect(page.locator(".pdf-picture canvas, .image-page img").first).to_be_visible()
    page.wait_for_function("() => [...document.images].every((each) => each.complete)")
    assert in_view(page, ".mark-quote")
    assert squashed(ocr_of(page, ".mark-quote")) == squashed(SCANNED_WORDS)


def test_a_table_is_a_table_with_its_cells_marked(reader: Visit, papers: Papers) -> None:
    page = reader.open(papers.address("stock.xlsx", 1, "Candles | 1200"))
    expect(page.locator("mark")).to_have_text(["Candles", "1200"])
    expect(page.locator(".text-table").first.locator("tr")).to_have_count(4)
    expect(page.get_by_role("heading", name="Dépenses")).to_be_visible()


def test_of_a_long_text_only_the_parts_near_are_loaded(reader: Visit, papers: Papers) -> None:
    (number,) = [n for n in range(1, 9) if "MCDXXIII" in papers.page_text("long.txt", n)]
    held: list[Route] = []
    reader.context.route("**/quote?*", lambda route: held.append(route))
    page = reader.open(papers.address("long.txt", number, "the bell was recast in Lübeck. 🜂"))
    quote = taken(page, held)
    expect(page.get_by_text("Opening the source")).to_be_visible()
    page.wait_for_timeout(300)
    quote.continue_()
    expect(page.locator("mark")).to_have_text("the bell was recast in Lübeck. 🜂")
    assert in_view(page, "mark")
    base = f"/api/v1/documents/{papers.ids['long.txt']}/pages/"
    asked = {
        each.rsplit("/", 1)[-1] for each in reader.asked if base in each and "quote" not in each
    }
    assert f"{number}" in asked
    assert "1" not in asked
    expect(page.get_by_label("Page", exact=True)).to_have_value(f"{number}")


def test_links_of_other_programs_open_at_the_passage(reader: Visit, papers: Papers) -> None:
    """As the OpenAI door and MCP write them: a page and a passage, with or without words."""
    query = {"query": "herbs walnut tree", "documents": [papers.ids["plain.pdf"]]}
    hits = papers.site.town.operator.post("/api/v1/search", json=query).json()["items"]
    hit = next(each for each in hits if each["page"] == 1)
    page = reader.open(f"/d/{hit['document_id']}#page=1&c={hit['chunk_id']}")
    expect(page.locator(".mark-passage").first).to_be_visible()
    expect(page.locator(".mark-quote")).to_have_count(0)
    words = hit["span"]["start"], hit["span"]["start"] + 20
    page = reader.open(
        f"/d/{hit['document_id']}#page=1&c={hit['chunk_id']}&s={words[0]}-{words[1]}"
    )
    expect(page.locator(".mark-quote").first).to_be_visible()
    expect(page.locator(".mark-passage").first).to_be_visible()
    page = reader.open(f"/d/{hit['document_id']}#page=1&c=999999")
    expect(page.get_by_text("The passage of this link is not there any more")).to_be_visible()
    expect(page.locator(".pdf-page").first).to_be_visible()


def test_pages_are_turned_and_made_larger(reader: Visit, papers: Papers) -> None:
    page = reader.open(f"/d/{papers.ids['plain.pdf']}#page=1")
    field = page.get_by_label("Page", exact=True)
    page.get_by_role("button", name="Next page").click()
    expect(field).to_have_value("2")
    field.fill("3")
    field.press("Enter")
    expect(page.locator('.pdf-page[data-page="3"]')).to_be_in_viewport()
    width = page.locator('.pdf-page[data-page="3"]').bounding_box()
    page.get_by_role("button", name="Larger").click()
    expect(page.get_by_role("button", name="125%")).to_be_visible()
    larger = page.locator('.pdf-page[data-page="3"]').bounding_box()
    assert width and larger
    assert larger["width"] == pytest.approx(width["width"] * 1.25, rel=0.01)
    expect(page.locator('.pdf-page[data-page="3"]')).to_be_in_viewport()
    assert reader.sideways() == 0


def test_what_is_typed_into_the_field_of_pages_stays(reader: Visit, papers: Papers) -> None:
    page = reader.open(f"/d/{papers.ids['plain.pdf']}#page=1")
    field = page.get_by_label("Page", exact=True)
    expect(page.locator('.pdf-page[data-page="1"]')).to_be_visible()
    field.fill("2")
    page.locator(".viewer-scroller").evaluate("(each) => each.scrollTo(0, each.scrollHeight)")
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    expect(field).to_have_value("2")
    field.press("Enter")
    expect(page.get_by_role("button", name="Next page")).to_be_enabled()
    expect(field).to_have_value("2")


def test_what_is_gone_or_foreign_says_only_that(
    reader: Visit, visiting: VisitFactory, papers: Papers
) -> None:
    """30, originals: a document that one may not see is as one that is not there."""
    site = papers.site
    collection = site.town.server.collection("sealed")["id"]
    assert collection
    (sealed,) = site.town.server.ingest({"sealed.txt": b"The sealed will of the abbot."}, "sealed")
    stranger = visiting("Rémi")
    for document in (sealed, 999_999):
        page = stranger.open(f"/d/{document}#page=1&s=0-10")
        expect(page.get_by_role("heading", name="This source is not available")).to_be_visible()
        assert "abbot" not in page.content()
        answer = stranger.context.request.get(f"{stranger.url}/api/v1/documents/{document}/content")
        assert (answer.status, answer.json()["code"]) == (404, "not_found")


def original_of(papers: Papers, document: int) -> Path:
    digest = papers.site.town.operator.get(f"/api/v1/documents/{document}").json()["content_sha256"]
    (path,) = papers.site.town.server.data.rglob(digest)
    return path


@pytest.mark.parametrize(
    ("damage", "notice"),
    [
        (lambda path: path.unlink(), "The original file is missing"),
        (lambda path: path.write_bytes(b"%PDF-1.7\nnothing"), "This PDF cannot be drawn"),
    ],
    ids=["missing", "damaged"],
)
def test_without_its_original_a_pdf_is_shown_as_its_stored_text(
    damage: Callable[[Path], Any], notice: str, reader: Visit, papers: Papers
) -> None:
    lines = f"The goose of {notice} was sold to the baker.", "He paid with bread."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "goose.pdf")
        pdf_with_odd_page(path, lines, "/MediaBox [0 0 595 842]")
        (document,) = papers.site.town.server.ingest({f"{notice}.pdf": path.read_bytes()})
    damage(original_of(papers, document))
    page = reader.open(f"/d/{document}#page=1&s=0-9")
    expect(page.locator(".viewer-notice")).to_contain_text(notice)
    expect(page.locator("mark")).to_have_text("The goose")
    expect(page.locator("blockquote")).to_have_text("The goose")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["plain.pdf", "stock.xlsx", "receipt.png"])
def test_nothing_is_wrong_for_those_who_cannot_see_or_point(
    name: str, scheme: str, visiting: VisitFactory, papers: Papers
) -> None:
    """2, on the viewer alone."""
    seen = visiting(ADMINISTRATOR, color_scheme=scheme)
    page = seen.open(f"/d/{papers.ids[name]}#page=1&s=0-12")
    expect(page.locator(".mark-quote, mark").first).to_be_visible()
    assert seen.axe() == []
    seen.screenshot(f"viewer-{name}-{scheme}")


@pytest.mark.parametrize("width", [390, 320])
def test_a_small_screen_needs_no_sideways_scroll(
    width: int, visiting: VisitFactory, papers: Papers
) -> None:
    """27, on the viewer alone, in French."""
    viewport = {"width": width, "height": 700}
    seen = visiting(ADMINISTRATOR, viewport=viewport, locale="fr-FR")
    for name in ("plain.pdf", "stock.xlsx", "rule.md", "receipt.png"):
        page = seen.open(f"/d/{papers.ids[name]}#page=1&s=0-12")
        expect(page.locator(".mark-quote, mark").first).to_be_visible()
        expect(page.get_by_text("Citation", exact=True)).to_be_visible()
        assert seen.sideways() == 0
        seen.screenshot(f"viewer-{name}-{width}")
