"""The frame of all pages: it loads, lets in, speaks two languages, fits, and is usable by all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.chat import answered, ask
from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, STEPS, Site
from tests.browser.visit import Visit, taken
from tests.fixtures.people import PASSWORD

PAGES = ("/", "/documents", "/settings", "/admin", "/welcome")


def test_a_stranger_signs_in_where_he_wanted_to_be(visiting: VisitFactory) -> None:
    visit = visiting()
    page = visit.open("/settings")
    page.get_by_label("Name").fill(READER)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    assert visit.axe() == []


def test_an_invitation_leads_in_and_holds_once(visiting: VisitFactory, site: Site) -> None:
    token = site.town.invited("Zoë")["token"]
    visit = visiting()
    page = visit.open(f"/sign-in#{token}")
    expect(page.get_by_role("heading", name="Welcome, Zoë")).to_be_visible()
    assert visit.axe() == []
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Signed in as Zoë")).to_be_visible()
    again = visiting().open(f"/sign-in#{token}")
    expect(again.get_by_role("heading", name="This link does not hold any more")).to_be_visible()


def test_only_a_link_that_does_not_hold_is_said_not_to(visiting: VisitFactory, site: Site) -> None:
    token = site.town.invited("Yann")["token"]
    visit = visiting()
    refusal = {"code": "too_many_attempts", "status": 429, "detail": "", "retry_after": 90}
    visit.context.route("**/links/show", lambda route: route.fulfill(status=429, json=refusal))
    page = visit.page
    page.goto(f"{visit.url}/sign-in#{token}")
    expect(page.get_by_role("alert")).to_contain_text("Try again in 90 seconds")
    visit.context.unroute("**/links/show")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Welcome, Yann")).to_be_visible()
    page.goto(f"{visit.url}/login")
    invalid = visit.open("/sign-in#of-no-link")
    expect(invalid.get_by_role("heading", name="This link does not hold any more")).to_be_visible()


def test_a_link_is_asked_for_once_though_nobody_turns_out_to_be_in(
    visiting: VisitFactory, site: Site
) -> None:
    token = site.town.invited("Léon")["token"]
    visit = visiting()
    held: list[Route] = []
    visit.context.route("**/api/v1/me", lambda route: held.append(route))
    page = visit.page
    page.goto(f"{visit.url}/sign-in#{token}")
    page.get_by_label("New password").fill(PASSWORD)
    with page.expect_response("**/api/v1/me"):
        taken(page, held).continue_()
    visit.context.unroute("**/api/v1/me")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Signed in as Léon")).to_be_visible()
    assert len([each for each in visit.asked if each.endswith("/links/show")]) == 1


def test_signing_out_shows_nothing_any_more(signed_in: Visit) -> None:
    page = signed_in.open("/")
    page.get_by_role("button", name=f"Signed in as {ADMINISTRATOR}").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_usable_by_all(visiting: VisitFactory, scheme: str) -> None:
    visit = visiting(ADMINISTRATOR, color_scheme=scheme)
    for path in PAGES:
        expect(_navigation(visit.open(path))).to_be_visible()
        assert visit.axe() == [], path


@pytest.mark.parametrize("width", [320, 390])
def test_pages_fit_a_narrow_window(visiting: VisitFactory, width: int) -> None:
    visit = visiting(ADMINISTRATOR, viewport={"width": width, "height": 640}, has_touch=True)
    for path in PAGES:
        page = visit.open(path)
        assert visit.sideways() == 0, path
    page.get_by_role("button", name="Open the sidebar").tap()
    expect(page.get_by_role("link", name="Documents")).to_be_in_viewport()
    assert visit.sideways() == 0
    for _ in range(2):
        page.get_by_role("link", name="Documents").tap()
        expect(page.get_by_role("link", name="New chat")).not_to_be_visible()
        page.get_by_role("button", name="Open the sidebar").tap()


def test_escape_closes_the_sidebar_and_the_focus_goes_back(visiting: VisitFactory) -> None:
    page = visiting(ADMINISTRATOR, viewport={"width": 390, "height": 640}).open("/settings")
    opener = page.get_by_role("button", name="Open the sidebar")
    opener.click()
    page.get_by_role("link", name="Documents", exact=True).focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Documents", exact=True)).not_to_be_visible()
    expect(opener).to_be_focused()


def test_the_theme_is_remembered(signed_in: Visit) -> None:
    page = signed_in.open("/settings")
    before = _background(page)
    page.get_by_label("Theme").select_option("Dark")
    assert _background(page) != before
    page.reload()
    expect(page.get_by_label("Theme")).to_have_value("dark")
    assert _background(page) != before


def _navigation(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Main navigation")


def _background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_french_is_the_language_of_who_reads_it(visiting: VisitFactory) -> None:
    page = visiting(ADMINISTRATOR, locale="fr-FR").open("/settings")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("link", name="Nouvelle conversation")).to_be_visible()
    page.get_by_label("Langue", exact=True).select_option("English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("link", name="New chat")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_keys_are_told_and_rest_while_one_writes(signed_in_page: Page) -> None:
    page = signed_in_page
    composer = page.get_by_role("textbox", name="Question")
    expect(composer).to_be_focused()
    composer.blur()
    page.keyboard.press("/")
    expect(composer).to_be_focused()
    page.keyboard.type("?/")
    expect(composer).to_have_value("?/")
    composer.blur()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_the_first_key_skips_to_the_content(signed_in: Visit) -> None:
    page = signed_in.open("/documents")
    expect(_navigation(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_skipping_to_the_content_leaves_the_place_in_a_document(
    signed_in: Visit, site: Site
) -> None:
    address = f"/d/{site.documents['rule.pdf']}#page=3"
    page = signed_in.open(address)
    expect(_navigation(page)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page).to_have_url(signed_in.url + address)


def test_a_question_is_answered(signed_in_page: Page) -> None:
    signed_in_page.get_by_role("textbox", name="Question").fill(STEPS)
    signed_in_page.keyboard.press("Enter")
    expect(signed_in_page.get_by_role("main")).to_contain_text("It says so here")


def test_parts_that_cannot_be_loaded_leave_the_rest_usable(visiting: VisitFactory) -> None:
    visit = visiting(ADMINISTRATOR)
    for part in ("DropZone", "SourceView"):
        visit.context.route(f"**/assets/{part}-*.js", lambda route: route.abort())
    page = visit.open("/")
    ask(page, STEPS)
    answered(page).locator(".chip").first.click()
    pane = page.get_by_role("complementary")
    expect(pane.get_by_role("heading", name="Something broke")).to_be_visible()
    assert visit.axe() == []
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_be_visible()
    # What could not be loaded is told in the console, too.
    visit.complaints.clear()


def test_an_unknown_page_says_so(signed_in: Visit) -> None:
    page = signed_in.open("/admin/nowhere")
    expect(page.locator("h1")).to_be_visible()
    page.evaluate("history.pushState(null, '', '/x'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
