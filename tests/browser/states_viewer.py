"""Pictures of the source beside the chat and alone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from serve.answers.llm import NO_ANSWER
from serve.scripted.replies import Reply, quoting
from tests.browser.chat import FOREIGN, PARTLY, answered, ask, writing
from tests.browser.site import QUOTE, STEPS, Site
from tests.browser.visit import Visit
from tests.fixtures.documents import (
    write_image,
    write_scanned_pdf,
    write_two_column_pdf,
    write_xlsx,
)

_SOURCE = re.compile(r'<src n="(\d+)"([^>]*)>(.*?)</src>', re.DOTALL)
_GARDEN = "Who laid out the garden of the cloister, and what do herbs stand around?"
_GARDEN_QUOTES = "laid out by Brother Anselm in the spring of 1147", "a walnut tree gives shade"


def viewer_pdf(seen: Visit, site: Site) -> None:
    _opened(seen, site, ("rule", _GARDEN), *_GARDEN_QUOTES)


def viewer_text(seen: Visit, site: Site) -> None:
    _opened(seen, site, ("lighthouse", STEPS), QUOTE, "The lamp was made in Paris by Barbier")


def viewer_sheet(seen: Visit, site: Site) -> None:
    page = seen.open(f"/d/{_taken(site, 'stock.xlsx', write_xlsx)}")
    expect(page.locator("table, .text-page").first).to_be_visible()


def viewer_alone(seen: Visit, site: Site) -> None:
    page = seen.open(f"/d/{site.documents['rule.pdf']}")
    expect(page.locator(".pdf-page canvas").first).to_be_visible()


def viewer_gone(seen: Visit, site: Site) -> None:
    seen.open("/d/999999")


def viewer_approximate(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing(PARTLY)
    ask(seen.open("/"), STEPS)
    answered(seen.page).locator(".chip-near").first.click()
    expect(seen.page.locator(".source-pane mark").first).to_be_visible()
    site.llm.server.script = quoting


def viewer_nearest(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing(NO_ANSWER)
    ask(seen.open("/"), FOREIGN)
    answered(seen.page).locator(".nearest").first.click()
    site.llm.server.script = quoting
    expect(seen.page.locator(".mark-passage, .text-passage").first).to_be_visible()


def viewer_scan(seen: Visit, site: Site) -> None:
    document = _taken(site, "scan.pdf", lambda path: write_scanned_pdf(path, 90))
    page = seen.open(f"/d/{document}#page=1&s=0-24")
    expect(page.locator(".mark-quote").first).to_be_visible()


def viewer_image(seen: Visit, site: Site) -> None:
    page = seen.open(f"/d/{_taken(site, 'receipt.png', write_image)}#page=1&s=0-24")
    expect(page.locator(".mark-quote").first).to_be_visible()


def viewer_missing(seen: Visit, site: Site) -> None:
    """The original was lost on the server's disk."""
    is_new = "lost.pdf" not in site.documents
    document = _taken(site, "lost.pdf", write_two_column_pdf)
    if is_new:
        told = site.town.operator.get(f"/api/v1/documents/{document}").json()
        (original,) = site.town.server.data.rglob(told["content_sha256"])
        original.unlink()
    page = seen.open(f"/d/{document}#page=1&s=0-30")
    expect(page.locator(".viewer-notice")).to_be_visible()


def viewer_not_read(seen: Visit, site: Site) -> None:
    if "torn.pdf" not in site.documents:
        (torn,) = site.town.server.upload({"torn.pdf": b"%PDF-1.7 torn in two"})
        site.town.server.ended(torn["job_id"])
        site.documents["torn.pdf"] = torn["document_id"]
    page = seen.open(f"/d/{site.documents['torn.pdf']}")
    expect(page.locator(".state, .viewer-notice").first).to_be_visible()


def _taken(site: Site, name: str, write: Callable[[Path], object]) -> int:
    """The id of a document that is given to the site once."""
    if name not in site.documents:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            write(path)
            (site.documents[name],) = site.town.server.ingest({name: path.read_bytes()})
    return site.documents[name]


def _opened(seen: Visit, site: Site, asked: tuple[str, str], *quotes: str) -> None:
    """Ask what is answered with these quotes of a document, and open the first."""
    document, question = asked

    def cited(body: dict[str, Any]) -> Reply:
        told = "".join(str(message.get("content")) for message in body["messages"])
        found = _SOURCE.findall(told)
        number = next((n for n, of, text in found if document in of and quotes[0] in text), "1")
        return Reply(" ".join(f'So it is: <q s="{number}">{each}</q>.' for each in quotes))

    site.llm.server.script = cited
    ask(seen.open("/"), question)
    answered(seen.page).locator(".chip").first.click()
    marked = seen.page.locator(".mark-quote, .source-pane mark")
    expect(marked.first).to_be_visible()
    site.llm.server.script = quoting


STATES = [
    viewer_pdf,
    viewer_text,
    viewer_sheet,
    viewer_alone,
    viewer_gone,
    viewer_approximate,
    viewer_nearest,
    viewer_scan,
    viewer_image,
    viewer_missing,
    viewer_not_read,
]
