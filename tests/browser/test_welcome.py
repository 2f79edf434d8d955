"""The way in of a first administrator, from the link in the terminal to the first cited answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

import ui_build
from tests.browser.visit import Visit, visit
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import PASSWORD, Town

SHORT, COMMON = "quartz", "password1234"


def first_link(server: RunningServer) -> str:
    """The path of the link that a new server prints."""
    assert server.process.stdout is not None
    for line in server.process.stdout:
        if "/sign-in#" in line:
            return "/sign-in" + line.strip().partition("/sign-in")[2]
    raise AssertionError("no link was printed")


def two_of_three(route: Route) -> None:
    """The state of a server that still reads the last of the samples."""
    told = route.fetch()
    documents = {"ready": 2, "parsing": 1}
    route.fulfill(response=told, json=told.json() | {"documents": documents, "active_jobs": 1})


@pytest.fixture
def newcomer(browser: Browser, server: ServerFactory) -> Iterator[tuple[Visit, str]]:
    """Somebody before a server on which nobody is, and the link of it."""
    ui_build.build()
    running = server()
    seen = visit(browser, Town(running))
    yield seen, first_link(running)
    seen.context.close()
    assert (seen.foreign(), seen.complaints) == ([], [])


def test_the_first_administrator_comes_to_a_cited_answer(newcomer: tuple[Visit, str]) -> None:
    """Number 3: administrator, samples, question, answer with a chip; a weak password says why."""
    seen, link = newcomer
    page = seen.open(link)
    expect(page.get_by_role("heading", name="Set up Cloister")).to_be_visible()
    expect(page.get_by_text("Step 1 of 3")).to_be_visible()
    assert seen.axe() == []
    page.get_by_label("Name").fill("Ada")
    password = page.get_by_label("New password")
    for weak, told in ((SHORT, "at least 12 characters"), (COMMON, "leaked most often")):
        password.fill(weak)
        page.get_by_role("button", name="Continue").click()
        expect(password).to_have_accessible_description(
            f"Take {told}; four words in a row are good."
            if weak == SHORT
            else f"This password is among those that were {told}. "
            "Take four words that have nothing to do with each other."
        )
    password.fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1, name="Give Cloister something")).to_be_visible()
    assert seen.axe() == []
    seen.context.route("**/api/v1/status", two_of_three)
    page.get_by_role("button", name="Load the samples").click()
    expect(page.get_by_text("2 of 3 ready")).to_be_visible()
    expect(page.get_by_role("button", name="Skip for now")).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    seen.context.unroute("**/api/v1/status")
    expect(page.get_by_text("3 of 3 ready")).to_be_visible()
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1, name="Ask your first question")).to_be_visible()
    suggestions = page.locator(".welcome-suggestions button")
    expect(suggestions).to_have_count(3)
    assert seen.axe() == []
    suggestions.first.click()
    expect(
        page.get_by_role("main").get_by_role("button", name="1", exact=False).first
    ).to_be_visible()
    expect(page.locator(".cite-chip, [class*=chip]").first).to_be_visible()


def test_a_link_that_was_used_lets_nobody_in(newcomer: tuple[Visit, str]) -> None:
    seen, link = newcomer
    page = seen.open(link)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1, name="Give Cloister something")).to_be_visible()
    seen.context.clear_cookies()
    page.goto("about:blank")
    seen.open(link)
    expect(page.get_by_role("heading", name="This link does not hold any more")).to_be_visible()
    assert seen.axe() == []
