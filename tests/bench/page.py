"""How soon a page can be used, how long an answer holds it up, and how much of it is loaded."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from serve.scripted.replies import quoting
from tests.bench.options import Options
from tests.bench.tables import print_table
from tests.browser.chat import answered, ask, writing
from tests.browser.chromium import chromium
from tests.browser.scripts import gzipped_bytes, scripts_asked
from tests.browser.site import ADMINISTRATOR, STEPS, Site, open_site
from tests.browser.visit import Visit, visit
from tests.conftest import RunningServer, start_server

_LOADS, _FEW = 20, 3
_MUST_SECONDS, _MUST_TASK_MS, _MUST_KB = 1.0, 200, 150
_WATCH = """window.longTasks = [0];
new PerformanceObserver((list) =>
    window.longTasks.push(...list.getEntries().map((each) => each.duration))
).observe({ type: "longtask" });"""
# The moment at which it can be used is looked for at each frame, in the page itself.
_USABLE = """(isUsable) => new Promise((done) => {
    const look = () => isUsable() ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""
_COMPOSER = """() => {
    const field = document.querySelector(".composer textarea");
    return field !== null && !field.disabled && field.checkVisibility();
}"""
_ROWS = "() => document.querySelectorAll('.documents-table tbody tr').length > 0"
_DRAWN = "() => document.querySelector('.pdf-page canvas') !== null"
_PARAGRAPH = "The light of the tower turns once in every ten seconds over the dark water. " * 6
_ANSWER = "\n\n".join([_PARAGRAPH] * 22)
_WORDS = len(_ANSWER.split())


def run(options: Options) -> None:
    """Print the times of the pages, the longest task while an answer streams, and the kilobytes."""
    loads = _FEW if options.quick else _LOADS
    servers: list[RunningServer] = []

    def server(**settings: str) -> RunningServer:
        servers.append(start_server(Path(folder, "data"), LLM_ANSWER_TOKENS="4000", **settings))
        return servers[-1]

    with tempfile.TemporaryDirectory() as folder:
        try:
            with chromium() as browser, open_site(server) as site:
                rows = _pages(browser, site, loads)
                task = max(_longest_task(browser, site) for _ in range(1 if options.quick else 3))
                weights = _weights(browser, site)
        finally:
            for each in servers:
                each.stop()
    print_table(
        f"seconds from navigation until a page can be used, {loads} loads each",
        ["page", "usable when", "first: p50", "p95", "again: p50", "p95", "must, p95"],
        rows,
    )
    print_table(
        "how long an answer holds the page up",
        ["figure", "measured", "must"],
        [["longest task of the main thread, 2,000 tokens", _told(task), f"{_MUST_TASK_MS} ms"]],
    )
    print_table(
        "JavaScript that a browser has asked for, each file gzipped",
        ["a first visit of", "kB", "must"],
        weights,
    )


def _told(task: float) -> str:
    # Browsers tell of tasks from 50 ms on.
    return f"{task:.0f} ms" if task else "under 50 ms"


def _pages(browser: Browser, site: Site, loads: int) -> list[list[str]]:
    document = site.documents["rule.pdf"]
    pages = [
        ("/", "the composer takes words", _COMPOSER),
        ("/documents", "the rows are there", _ROWS),
        (f"/d/{document}", "the first page is drawn", _DRAWN),
    ]
    return [_row(browser, site, loads, *page) for page in pages]


def _row(browser: Browser, site: Site, loads: int, path: str, when: str, usable: str) -> list[str]:
    first, again = [], []
    for _ in range(loads):
        seen = visit(browser, site.town, viewport={"width": 1440, "height": 900})
        seen.sign_in(ADMINISTRATOR)
        first.append(_seconds(seen.page, seen.url + path, usable))
        again.append(_seconds(seen.page, seen.url + path, usable))
        seen.context.close()
    cells = [f"{x:.2f}" for each in (first, again) for x in np.percentile(each, [50, 95])]
    return [re.sub(r"\d+", "ID", path), when, *cells, f"{_MUST_SECONDS:.0f}"]


def _seconds(page: Page, address: str, usable: str) -> float:
    """From the beginning of the navigation; nothing is kept of a browser that was never here."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    found: float = page.evaluate(f"({_USABLE})({usable})")
    return found / 1_000


def _longest_task(browser: Browser, site: Site) -> float:
    """In milliseconds, while some 2,000 words come one token at a time."""
    site.llm.server.script = writing(_ANSWER, token_seconds=0.0015)
    seen = visit(browser, site.town, viewport={"width": 1440, "height": 900})
    seen.sign_in(ADMINISTRATOR)
    page = seen.open("/")
    page.wait_for_load_state("networkidle")
    page.evaluate(_WATCH)
    ask(page, STEPS)
    shown = len(answered(page).inner_text().split())
    assert shown >= _WORDS, f"{shown} words of {_WORDS} have come"
    longest: float = page.evaluate("Math.max(...window.longTasks)")
    seen.context.close()
    return longest


def _weights(browser: Browser, site: Site) -> list[list[str]]:
    """Once the page is at rest, so that what it fetches ahead of need is in the sum."""
    site.llm.server.script = quoting
    seen = visit(browser, site.town)
    seen.sign_in(ADMINISTRATOR)
    page = seen.open("/")
    start = _kilobytes(seen)
    page.locator(".composer textarea").press_sequentially("H")
    begun = _kilobytes(seen)
    ask(page, STEPS)
    answered(page)
    asked = _kilobytes(seen)
    again = visit(browser, site.town)
    again.sign_in(ADMINISTRATOR)
    again.open(page.url.removeprefix(seen.url))
    conversation = _kilobytes(again)
    for each in (seen, again):
        each.context.close()
    return [
        ["/", start, str(_MUST_KB)],
        ["/, with the first letter of a question", begun, "-"],
        ["/, with an answer and its sources; the viewer waits for a click", asked, "-"],
        ["/c/ID, likewise", conversation, "-"],
    ]


def _kilobytes(seen: Visit) -> str:
    return f"{gzipped_bytes(scripts_asked(seen)) / 1_000:.1f}"
