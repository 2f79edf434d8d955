"""A person before a page of a real server, and everything that page asked for and complained of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from tests.fixtures.people import PASSWORD, Town
from tests.fixtures.waiting import until

SCREENSHOTS = Path(__file__).parent / "screenshots"

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What still fades or slides would be seen halfway; what turns for ever is not waited for.
_AT_REST = """Promise.allSettled(document.getAnimations()
    .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
    .map((each) => each.finished)).then(() => true)"""
_LOCAL = {"blob", "data"}


@dataclass(slots=True)
class Visit:
    """One browser context with one page."""

    page: Page
    url: str
    context: BrowserContext
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Go to an address of ours; its heading is there then."""
        self.page.goto(self.url + path)
        expect(self.page.locator("h1")).to_have_count(1)
        return self.page

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Have the session of a person, without a look at the page for it."""
        body = {"name": name, "password": password}
        done = self.context.request.post(f"{self.url}/api/v1/auth/login", data=body)
        assert done.ok, done.text()

    def foreign(self) -> list[str]:
        """What was asked of anybody but our server."""
        own = urlsplit(self.url).netloc
        parts = [(each, urlsplit(each)) for each in self.asked]
        return [each for each, at in parts if at.netloc != own and at.scheme not in _LOCAL]

    def axe(self) -> list[str]:
        """What is wrong with the page for those who cannot see it, or point at it."""
        # What was caught in a change of colours is gone at the second look, a fault is not.
        found = self._violations() and self._violations()
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
            for each in found
        ]

    def _violations(self) -> list[dict[str, Any]]:
        options: dict[str, Any] = {"runOnly": _RULES, "resultTypes": ["violations"]}
        self.page.evaluate(_AT_REST)
        found: list[dict[str, Any]] = Axe().run(self.page, options=options).response["violations"]
        return found

    def sideways(self) -> int:
        """By how many pixels the page is too wide for the window."""
        pixels: int = self.page.evaluate(_SIDEWAYS)
        return pixels

    def composer_is_in_sight(self) -> bool:
        """Whether the whole composer is in the window, where the page has one."""
        composer = self.page.locator(".composer")
        box = composer.bounding_box() if composer.count() else None
        window = self.page.viewport_size
        if box is None or window is None:
            return True
        return box["y"] >= 0 and box["y"] + box["height"] <= window["height"]

    def screenshot(self, name: str) -> Path:
        """A picture of what is seen now, in a folder that is not committed."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.evaluate(_AT_REST)
        self.page.screenshot(path=path)
        return path


def visit(browser: Browser, town: Town, **options: Any) -> Visit:
    """A visit of somebody whom the server does not know; options are those of a context."""
    context = browser.new_context(**({"locale": "en-GB"} | options))
    found = Visit(context.new_page(), town.server.url, context)
    context.on("request", lambda request: found.asked.append(request.url))
    context.on("weberror", lambda error: found.complaints.append(str(error.error)))
    context.on("console", lambda message: _note(found, message))
    return found


def _note(found: Visit, message: ConsoleMessage) -> None:
    # A refusal of the server is told to the person; Chromium writes it here as well.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        found.complaints.append(message.text)


def holding_posts(held: list[Route]) -> Callable[[Route], None]:
    """A handler of requests that keeps what would change something on its way."""

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    return hold


def taken(page: Page, held: list[Route]) -> Route:
    """A request that is held on its way, once the page has made it."""

    def has_come() -> bool:
        # Handlers of routes are called only while something is asked of the page.
        page.wait_for_timeout(20)
        return bool(held)

    until(has_come)
    return held.pop(0)
