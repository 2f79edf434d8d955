"""Pictures of the pages in their states, to be looked at.

    python -m tests.browser.screenshots [STATE...]       into tests/browser/screenshots

A state is a function here or in ``states``; each is drawn in both languages, light and dark, wide
and narrow.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

from playwright.sync_api import expect

from tests.browser import states_admin, states_chat, states_documents, states_viewer
from tests.browser.chromium import chromium
from tests.browser.site import ADMINISTRATOR, STEPS, Site, open_site
from tests.browser.visit import Visit, visit
from tests.conftest import RunningServer, start_server

State = Callable[[Visit, Site], None]

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


def chat_empty(seen: Visit, site: Site) -> None:
    seen.open("/")


def chat_answered(seen: Visit, site: Site) -> None:
    page = seen.open("/")
    page.locator("textarea").fill(STEPS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("It says so here")


def settings(seen: Visit, site: Site) -> None:
    seen.open("/settings")


def sign_in(seen: Visit, site: Site) -> None:
    seen.context.clear_cookies()
    seen.open("/")


STATES: list[State] = [
    chat_empty,
    chat_answered,
    settings,
    sign_in,
    *states_admin.STATES,
    *states_chat.STATES,
    *states_documents.STATES,
    *states_viewer.STATES,
]


def draw(wanted: set[str]) -> None:
    """Draw the states that are wanted, or all."""
    servers: list[RunningServer] = []

    def server(**options: str) -> RunningServer:
        servers.append(start_server(Path(folder, "data"), **options))
        return servers[-1]

    with tempfile.TemporaryDirectory() as folder:
        try:
            with chromium() as browser, open_site(server) as site:
                looks = product(SIZES, ("light", "dark"), ("en-GB", "fr-FR"))
                for (size, scheme, locale), state in product(looks, STATES):
                    name = state.__name__
                    if wanted and name not in wanted:
                        continue
                    width, height = SIZES[size]
                    viewport = {"width": width, "height": height}
                    seen = visit(
                        browser, site.town, viewport=viewport, color_scheme=scheme, locale=locale
                    )
                    seen.sign_in(ADMINISTRATOR)
                    state(seen, site)
                    print(seen.screenshot(f"{name}-{size}-{scheme}-{locale[:2]}"))
                    seen.context.close()
        finally:
            for each in servers:
                each.stop()


if __name__ == "__main__":
    draw(set(sys.argv[1:]))
