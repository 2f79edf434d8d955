"""What becomes of a page, and of what was written in it, when its session is over or another's."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.chat import answered, ask
from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, STEPS
from tests.browser.uploads import drop_files, row
from tests.browser.visit import Visit, holding_posts, taken
from tests.fixtures.people import PASSWORD

LAMP = "Where was the lamp made?"


def test_who_leaves_an_ended_session_finds_the_question_again(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    signed_in.context.clear_cookies()
    ask(page, LAMP)
    dialog = _ended(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    _sign_in(page, ADMINISTRATOR)
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_have_value(LAMP)
    expect(dialog).to_have_count(0)
    page.keyboard.press("Enter")
    answered(page, 2)


def test_a_tab_does_nothing_in_the_name_of_who_signed_in_elsewhere(
    visiting: VisitFactory,
) -> None:
    visit = visiting(ADMINISTRATOR)
    page = visit.open("/")
    expect(page.get_by_role("button", name=f"Signed in as {ADMINISTRATOR}")).to_be_visible()
    visit.sign_in(READER)
    ask(page, "Of which of the two is this?")
    expect(page.get_by_role("button", name=f"Signed in as {READER}")).to_be_visible()
    listed = visit.context.request.get(f"{visit.url}/api/v1/conversations").json()["items"]
    assert "Of which of the two is this?" not in [each["title"] for each in listed]


def test_a_tab_goes_on_when_the_same_person_signed_in_elsewhere(visiting: VisitFactory) -> None:
    visit = visiting(ADMINISTRATOR)
    page = visit.open("/")
    expect(page.get_by_role("button", name=f"Signed in as {ADMINISTRATOR}")).to_be_visible()
    visit.sign_in(ADMINISTRATOR)
    drop_files(page, {"again.txt": "Signed in again in another tab."})
    expect(row(page, "again.txt")).to_contain_text("Ready")
    ask(page, STEPS)
    answered(page)


def test_signing_out_keeps_nothing_of_a_person_in_the_browser(signed_in: Visit) -> None:
    page = signed_in.open("/")
    drop_files(page, {"mine to know.txt": "Nobody else's."})
    expect(row(page, "mine to know.txt")).to_contain_text("Ready")
    page.get_by_role("textbox", name="Question", exact=True).fill("A secret question")
    page.get_by_role("button", name=f"Signed in as {ADMINISTRATOR}").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.reload()
    kept = page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")
    assert json.loads(kept)[0] == {}
    assert "secret" not in kept
    assert "mine to know" not in kept


def test_signing_out_without_a_server_is_not_told_as_done(signed_in: Visit) -> None:
    page = signed_in.open("/")
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_be_visible()
    signed_in.context.route("**/auth/logout", lambda route: route.abort())
    page.get_by_role("button", name=f"Signed in as {ADMINISTRATOR}").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(_notices(page)).to_contain_text("The server cannot be reached")
    expect(page.get_by_role("heading", name="You are signed out")).to_have_count(0)


def test_uploads_go_on_once_one_has_signed_in_again(signed_in: Visit) -> None:
    page = signed_in.open("/documents")
    page.locator("search select").first.select_option(label="default")
    expect(page.locator("tbody tr").first).to_be_visible()
    held: list[Route] = []
    signed_in.context.route("**/api/v1/documents", holding_posts(held))
    drop_files(page, {"over the end.txt": "Sent when the session was over."})
    expect(row(page, "over the end.txt")).to_contain_text("Sending")
    signed_in.context.clear_cookies()
    taken(page, held).fulfill(
        status=401, json={"code": "not_signed_in", "status": 401, "detail": ""}
    )
    dialog = _ended(page)
    signed_in.context.unroute("**/api/v1/documents")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(row(page, "over the end.txt")).to_contain_text("Ready")


def test_a_server_that_comes_back_asks_who_was_in_over_the_page(signed_in: Visit) -> None:
    page = signed_in.open("/")
    composer = page.get_by_role("textbox", name="Question", exact=True)
    composer.fill("Written before the server was gone")
    lost = page.get_by_role("status").filter(has_text="The server cannot be reached")
    signed_in.context.route(f"{signed_in.url}/**", lambda route: route.abort())
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(lost).to_be_visible()
    signed_in.context.clear_cookies()
    signed_in.context.unroute(f"{signed_in.url}/**")
    dialog = _ended(page)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(composer).to_have_value("Written before the server was gone")


def test_a_page_stays_where_who_is_in_could_not_be_read_again(signed_in: Visit) -> None:
    page = signed_in.open("/settings")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("copper window seven ships")
    signed_in.context.route("**/auth/password", lambda route: route.fulfill(status=204))
    signed_in.context.route("**/api/v1/me", lambda route: route.fulfill(status=500))
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def _ended(page: Page) -> Locator:
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    return dialog


def _notices(page: Page) -> Locator:
    return page.get_by_role("region", name="Notifications")


def _sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
