"""Pictures of the source beside the chat and alone."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from serve.scripted.replies import Reply, quoting
from tests.browser.chat import answered, ask
from tests.browser.site import QUOTE, STEPS, Site
from tests.browser.visit import Visit
from tests.fixtures.documents import write_xlsx

_SOURCE = re.compile(r'<src n="(\d+)"([^>]*)>(.*?)</src>', re.DOTALL)
_GARDEN = "Who laid out the garden of the cloister, and what do herbs stand around?"
_GARDEN_QUOTES = "laid out by Brother Anselm in the spring of 1147", "a walnut tree gives shade"


def viewer_pdf(seen: Visit, site: Site) -> None:
    _opened(seen, site, ("rule", _GARDEN), *_GARDEN_QUOTES)


def viewer_text(seen: Visit, site: Site) -> None:
    _opened(seen, site, ("lighthouse", STEPS), QUOTE, "The lamp was made in Paris by Barbier")


def viewer_sheet(seen: Visit, site: Site) -> None:
    if "stock.xlsx" not in site.documents:
        with tempfile.TemporaryDirectory() as folder:
            stock = write_xlsx(Path(folder, "stock.xlsx")).read_bytes()
        site.documents["stock.xlsx"] = site.town.server.ingest({"stock.xlsx": stock})[0]
    page = seen.open(f"/d/{site.documents['stock.xlsx']}")
    expect(page.locator("table, .text-page").first).to_be_visible()


def viewer_alone(seen: Visit, site: Site) -> None:
    page = seen.open(f"/d/{site.documents['rule.pdf']}")
    expect(page.locator(".pdf-page canvas").first).to_be_visible()


def viewer_gone(seen: Visit, site: Site) -> None:
    seen.open("/d/999999")


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
    expect(marked.first).to_be_visible(timeout=20_000)
    site.llm.server.script = quoting


STATES = [viewer_pdf, viewer_text, viewer_sheet, viewer_alone, viewer_gone]
