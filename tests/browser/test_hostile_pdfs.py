"""PDFs that harm, are locked, broken or huge: the viewer shows what it can, and lives."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, Site
from tests.browser.visit import Visit
from tests.fixtures.documents import write_encrypted_pdf
from tests.fixtures.pdf_source import page_objects, pdf_of, stream

TEXT = stream(b"BT /F 24 Tf 72 700 Td (The heron stands still in the reeds.) Tj ET")
ALARM = b"(window.harmed = 1; app.alert\\(1\\); app.launchURL\\('https://evil.example/'\\);)"
PAGES, PAGE_BYTES = 64, 1 << 20


def scripted() -> bytes:
    """Scripts at opening, and a link and a form over the whole page that run others."""
    run = b"<< /S /JavaScript /JS %s >>" % ALARM
    whole = b"/Rect [0 0 595 842] /F 4"
    objects = page_objects(
        TEXT,
        more=[
            b"<< /Type /Annot /Subtype /Link %s /A %s >>" % (whole, run),
            b"<< /Type /Annot /Subtype /Link %s /A << /S /Launch /F (calc.exe) >> >>" % whole,
            b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (b) /Ff 65536 %s /A %s /AA << /E %s >>"
            b" >>" % (whole, run, run),
        ],
    )
    objects[0] = (
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction %s /AA << /WC %s >> /AcroForm << /Fields"
        b" [8 0 R] >> >>" % (run, run)
    )
    objects[2] = objects[2].replace(b"/MediaBox", b"/Annots [6 0 R 7 0 R 8 0 R] /MediaBox")
    return pdf_of(objects)


def huge_page() -> bytes:
    """A page of two million points by two million."""
    objects = page_objects(TEXT)
    objects[2] = objects[2].replace(b"[0 0 595 842]", b"[0 0 2000000 2000000]")
    return pdf_of(objects)


def endless_page() -> bytes:
    """A page as narrow as a hair and as long as a street."""
    objects = page_objects(TEXT)
    objects[2] = objects[2].replace(b"[0 0 595 842]", b"[0 0 1 9000000]")
    return pdf_of(objects)


def annotated() -> bytes:
    """Ten thousand notes on one page."""
    notes = [
        b"<< /Type /Annot /Subtype /Square /Rect [%d %d %d %d] /C [1 0 0] /Contents (note) >>"
        % (n % 500, n % 800, n % 500 + 9, n % 800 + 9)
        for n in range(10_000)
    ]
    objects = page_objects(TEXT, more=notes)
    named = b" ".join(b"%d 0 R" % (6 + n) for n in range(len(notes)))
    objects[2] = objects[2].replace(b"/MediaBox", b"/Annots [%s] /MediaBox" % named)
    return pdf_of(objects)


def misplaced() -> bytes:
    """The table of what stands where points to nowhere."""
    whole = pdf_of(page_objects(TEXT))
    table = re.sub(rb"\d{10} 00000 n", b"0000009999 00000 n", whole)
    return re.sub(rb"startxref\n\d+", b"startxref\n7", table)


def headless() -> bytes:
    """Nothing but a beginning and a promise."""
    catalogue = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    return b"%PDF-1.7\n" + catalogue + b"trailer << /Root 1 0 R >>\n"


def locked() -> bytes:
    """Nobody here has its password."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "locked.pdf")
        write_encrypted_pdf(path, "prior")
        return path.read_bytes()


def heavy() -> bytes:
    """64 pages with a picture of noise on each, 1 MiB a page."""
    noise = random.Random(5)
    kids = b" ".join(b"%d 0 R" % (4 + 3 * n) for n in range(PAGES))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, PAGES),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    picture = b"/Type /XObject /Subtype /Image /Width 1024 /Height 1024 /ColorSpace /DeviceGray"
    for n in range(PAGES):
        line = b"(Sheet %d of the atlas, with all its towns.) Tj 0 -14 Td " % (n + 1)
        text = b"BT /F 12 Tf 72 780 Td %s ET q 400 0 0 400 90 100 cm /P Do Q" % (line * 9)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
            b" << /Font << /F 3 0 R >> /XObject << /P %d 0 R >> >> >>" % (5 + 3 * n, 6 + 3 * n),
            stream(text),
            stream(noise.randbytes(PAGE_BYTES), picture + b" /BitsPerComponent 8"),
        ]
    return pdf_of(objects)


FILES: dict[str, Callable[[], bytes]] = {
    "scripted.pdf": scripted,
    "huge-page.pdf": huge_page,
    "endless-page.pdf": endless_page,
    "annotated.pdf": annotated,
    "misplaced.pdf": misplaced,
    "headless.pdf": headless,
    "locked.pdf": locked,
    "heavy.pdf": heavy,
}


@pytest.fixture(scope="module")
def ids(site: Site) -> Iterator[dict[str, int]]:
    """The documents by name, once all of them were read, or could not be."""
    server = site.town.server
    items = server.upload({name: made() for name, made in FILES.items()})
    assert [item["error"] for item in items] == [None] * len(items)
    for item in items:
        server.ended(item["job_id"])
    yield {item["name"]: item["document_id"] for item in items}


@pytest.fixture
def reader(visiting: VisitFactory, ids: dict[str, int]) -> Visit:
    return visiting(ADMINISTRATOR)


def drawn(page: Page, number: int = 1) -> None:
    """A page of the PDF has its picture."""
    expect(page.locator(f'.pdf-page[data-page="{number}"] canvas')).to_be_attached()


def lives(seen: Visit) -> None:
    """Nothing is wrong with the page, and one gets on from here."""
    assert seen.page.evaluate("window.harmed") is None
    assert seen.axe() == []
    assert seen.sideways() == 0
    assert len(seen.context.pages) == 1
    seen.page.keyboard.press("?")
    expect(seen.page.get_by_role("dialog")).to_be_visible()
    seen.page.keyboard.press("Escape")


def test_scripts_of_a_pdf_do_not_run(reader: Visit, ids: dict[str, int]) -> None:
    """21; the fixture fails on any request elsewhere."""
    page = reader.open(f"/d/{ids['scripted.pdf']}")
    drawn(page)
    expect(page.locator(".textLayer")).to_contain_text("The heron stands still")
    page.locator(".pdf-page").click()
    expect(page.locator(".pdf-page :is(a, button, input, iframe, form)")).to_have_count(0)
    lives(reader)


@pytest.mark.parametrize(
    "name", ["huge-page.pdf", "endless-page.pdf", "annotated.pdf", "misplaced.pdf"]
)
def test_what_is_out_of_all_measure_leaves_the_viewer_alive(
    name: str, reader: Visit, ids: dict[str, int]
) -> None:
    page = reader.open(f"/d/{ids[name]}")
    view = page.locator(".viewer-scroller, .empty-state, .viewer-notice").first
    expect(view).to_be_visible()
    if name in ("annotated.pdf", "misplaced.pdf"):
        drawn(page)
        expect(page.locator(".textLayer")).to_contain_text("The heron stands still")
    most: int = page.evaluate(
        "Math.max(0, ...[...document.querySelectorAll('canvas')].map((c) => c.width * c.height))"
    )
    assert most <= 1 << 24
    lives(reader)


@pytest.mark.parametrize(
    ("name", "locale", "words"),
    [
        ("locked.pdf", "en-GB", "password"),
        ("locked.pdf", "fr-FR", "mot de passe"),
        ("headless.pdf", "en-GB", "The file is damaged"),
        ("headless.pdf", "fr-FR", "Le fichier est endommagé"),
    ],
)
def test_what_cannot_be_opened_is_told_in_plain_words(
    name: str, locale: str, words: str, visiting: VisitFactory, ids: dict[str, int]
) -> None:
    """7."""
    seen = visiting(ADMINISTRATOR, locale=locale)
    page = seen.open(f"/d/{ids[name]}")
    expect(page.get_by_role("main")).to_contain_text(words)
    expect(page.locator("canvas")).to_have_count(0)
    lives(seen)


def test_of_a_large_pdf_only_the_pages_that_are_seen_are_loaded(
    reader: Visit, ids: dict[str, int]
) -> None:
    parts: list[int] = []

    def count(response: Response) -> None:
        if response.url.endswith("/content"):
            first = response.request.headers.get("range") is None
            parts.append(0 if first else int(response.headers["content-length"]))

    reader.page.on("response", count)
    document = ids["heavy.pdf"]
    size = reader.context.request.get(f"{reader.url}/api/v1/documents/{document}").json()[
        "size_bytes"
    ]
    assert size > 60 << 20
    page = reader.open(f"/d/{document}#page=40")
    drawn(page, 40)
    expect(page.locator('.pdf-page[data-page="40"] .textLayer')).to_contain_text("Sheet 40 of")
    assert len(parts) > 2
    assert 1 << 20 < sum(parts) < 10 << 20, parts
