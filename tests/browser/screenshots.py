"""Pictures of the pages in their states, to be looked at.

    python -m tests.browser.screenshots [STATE...]       into tests/browser/screenshots

A state is a function here or in ``states``; each is drawn in both languages, light and dark, wide
and narrow.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

from tests.browser import states_admin, states_chat, states_documents, states_viewer
from tests.browser.chromium import chromium
from tests.browser.site import ADMINISTRATOR, STEPS, Site, open_site
from tests.browser.visit import Visit, visit
from tests.conftest import RunningServer, start_server

State = Callable[[Visit, Site], None]

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


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


@dataclass(frozen=True, slots=True)
class Variant:
    """How a state is looked at: ``size`` is one of SIZES."""

    size: str
    scheme: Literal["light", "dark"]
    locale: str

    def __str__(self) -> str:
        return f"{self.size}-{self.scheme}-{self.locale[:2]}"


VARIANTS = [
    Variant(size, scheme, locale)
    for size in SIZES
    for scheme in SCHEMES
    for locale in ("en-GB", "fr-FR")
]
CORNERS = [VARIANTS[0], VARIANTS[-1]]
"""The two that have nothing in common."""


def looks(
    browser: Browser,
    site: Site,
    variants: Sequence[Variant],
    states: Sequence[State] = tuple(STATES),
) -> Iterator[tuple[str, Visit]]:
    """Each state in each variant by its name, as it is then on the page."""
    for variant in variants:
        width, height = SIZES[variant.size]
        for state in states:
            seen = visit(
                browser,
                site.town,
                viewport={"width": width, "height": height},
                color_scheme=variant.scheme,
                locale=variant.locale,
            )
            seen.sign_in(ADMINISTRATOR)
            try:
                state(seen, site)
                yield f"{state.__name__}-{variant}", seen
            finally:
                seen.context.close()


@contextmanager
def looked_at() -> Iterator[tuple[Browser, Site]]:
    """A browser and a site of its own, until the block ends."""
    servers: list[RunningServer] = []

    def server(**options: str) -> RunningServer:
        servers.append(start_server(Path(folder, "data"), **options))
        return servers[-1]

    with tempfile.TemporaryDirectory() as folder:
        try:
            with chromium() as browser, open_site(server) as site:
                yield browser, site
        finally:
            for each in servers:
                each.stop()


def draw(wanted: set[str]) -> None:
    """Draw the states that are wanted, or all."""
    states = [each for each in STATES if not wanted or each.__name__ in wanted]
    with looked_at() as (browser, site):
        for name, seen in looks(browser, site, VARIANTS, states):
            print(seen.screenshot(name))


if __name__ == "__main__":
    draw(set(sys.argv[1:]))
