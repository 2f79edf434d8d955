"""A folder of many files dropped on the page: how long the page was ever held up by it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

import ui_build
from tests.bench.options import Options
from tests.bench.tables import print_table
from tests.browser.chromium import chromium
from tests.browser.uploads import drop_folder, folder_of
from tests.browser.visit import visit
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town

_FILES, _FEW = 1_000, 50
_PATIENCE_MS = 900_000
_WATCH = """window.longTasks = [];
new PerformanceObserver((list) =>
    window.longTasks.push(...list.getEntries().map((each) => each.duration))
).observe({ type: "longtask" });"""


@dataclass(frozen=True, slots=True)
class _Dropped:
    """Main-thread tasks over 50 ms, in milliseconds, and what the page told in the end."""

    tasks: list[float]
    told: str
    seconds: float


def run(options: Options) -> None:
    """Print the longest task of the page's main thread and how many files are accounted for."""
    count = _FEW if options.quick else _FILES
    ui_build.build()
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder, "data"))
        try:
            dropped = _dropped(server, folder_of(Path(folder, "box"), count), count)
            there = server.http.get("/api/v1/collections").json()["items"][0]["document_count"]
        finally:
            server.stop()
    print_table(
        "a folder dropped on the page",
        ["files", "longest task, ms", "tasks over 50 ms", "documents there", "told", "s"],
        [
            [
                str(count),
                f"{max(dropped.tasks, default=0):.0f}",
                str(len(dropped.tasks)),
                str(there),
                dropped.told,
                f"{dropped.seconds:.0f}",
            ]
        ],
    )


def _dropped(server: RunningServer, folder: Path, count: int) -> _Dropped:
    town = Town(server)
    writer = town.person("Writer")
    collection = server.http.get("/api/v1/collections").json()["items"][0]["id"]
    town.granted(collection, writer, "writer")
    with chromium() as browser:
        seen = visit(browser, town, viewport={"width": 1440, "height": 900})
        seen.sign_in("Writer")
        page = seen.open("/documents")
        expect(page.get_by_role("button", name="Add files")).to_be_visible()
        page.wait_for_load_state("networkidle")
        page.evaluate(_WATCH)
        begun = time.monotonic()
        drop_folder(page, folder)
        # The last file of the folder is empty.
        title = page.locator(".tray-title")
        expect(title).to_contain_text(f"{count - 1} files done", timeout=_PATIENCE_MS)
        return _Dropped(_tasks(page), title.inner_text(), time.monotonic() - begun)


def _tasks(page: Page) -> list[float]:
    found: list[float] = page.evaluate("window.longTasks")
    return found
