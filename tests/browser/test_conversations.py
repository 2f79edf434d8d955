"""22: the list of conversations: found, named, exported, deleted, and called back."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.chat import answered, ask, is_sound
from tests.browser.conftest import VisitFactory
from tests.browser.site import READER, STEPS, Site
from tests.browser.visit import Visit, holding_posts, taken
from tests.fixtures.waiting import until

LAMP = "Where was the lamp made?"


def asked(visit: Visit, question: str) -> Page:
    page = visit.open("/")
    ask(page, question)
    answered(page)
    # Of several with this title, the first of the list is it then.
    listed = page.get_by_role("navigation").get_by_role("link", name=question)
    expect(listed.first).to_have_attribute("aria-current", "page")
    return page


def act(page: Page, title: str, action: str) -> None:
    listed = page.get_by_role("navigation").get_by_role("listitem").filter(has_text=title).first
    listed.hover()
    listed.get_by_role("button").click()
    page.get_by_role("menuitem", name=action).click()


def test_conversations_are_listed_found_and_named(signed_in: Visit) -> None:
    asked(signed_in, STEPS)
    page = asked(signed_in, LAMP)
    listed = page.get_by_role("region", name="Today").get_by_role("link")
    expect(listed.first).to_have_text(LAMP)
    expect(listed.first).to_have_attribute("aria-current", "page")
    is_sound(signed_in)
    page.keyboard.press("Control+k")
    page.keyboard.type("many steps")
    expect(listed).to_have_text([STEPS])
    act(page, STEPS, "Rename")
    title = page.get_by_role("textbox", name="Title of the conversation")
    expect(title).to_be_focused()
    title.fill("Steps of the keeper")
    page.keyboard.press("Enter")
    expect(listed).to_have_text(["Steps of the keeper"])
    listed.first.click()
    expect(page.locator("h1")).to_have_text("Steps of the keeper")
    page.reload()
    expect(page.locator("h1")).to_have_text("Steps of the keeper")


def test_a_title_that_is_left_by_escape_stays(signed_in: Visit) -> None:
    page = asked(signed_in, LAMP)
    page.get_by_role("main").get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.keyboard.type("Another")
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text(LAMP)


def test_what_is_deleted_can_be_called_back_for_some_seconds(
    visiting: VisitFactory, site: Site
) -> None:
    visit = visiting(READER)
    page = asked(visit, LAMP)
    here = page.url.removeprefix(visit.url)
    address = f"{visit.url}/api/v1/conversations/{here.removeprefix('/c/')}"
    act(page, LAMP, "Delete")
    # What is pointed at stays.
    page.get_by_role("button", name="Undo").hover()
    expect(page.get_by_role("navigation").get_by_role("link", name=LAMP)).to_have_count(0)
    expect(page).to_have_url(visit.url + "/")
    assert visit.axe() == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("navigation").get_by_role("link", name=LAMP)).to_be_focused()
    page.keyboard.press("Enter")
    answered(page)
    act(page, LAMP, "Delete")
    expect(page.get_by_role("navigation").get_by_role("link", name=LAMP)).to_have_count(0)
    until(lambda: visit.context.request.get(address).status == 404)


def test_what_is_deleted_can_be_called_back_while_one_is_at_it(visiting: VisitFactory) -> None:
    visit = visiting(READER)
    visit.page.clock.install()
    page = asked(visit, "Who is Brother Anselm?")
    address = f"{visit.url}/api/v1/conversations/{page.url.rsplit('/', 1)[1]}"
    page.get_by_role("link", name="Documents", exact=True).click()
    listed = page.get_by_role("navigation").get_by_role("link", name="Who is Brother Anselm?")
    listed.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.clock.fast_forward(60_000)
    expect(undo).to_be_visible()
    assert visit.context.request.get(address).status == 200
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    until(lambda: visit.context.request.get(address).status == 404)


def test_what_could_not_be_deleted_is_listed_again_with_the_reason(signed_in: Visit) -> None:
    page = asked(signed_in, LAMP)
    address = page.url.replace("/c/", "/api/v1/conversations/")
    signed_in.context.route(address, lambda route: route.abort())
    act(page, LAMP, "Delete")
    notices = page.get_by_role("region", name="Notifications")
    notices.get_by_role("button", name="Close").click()
    expect(notices).to_contain_text("The conversation is still there. The server cannot be")
    expect(page.get_by_role("navigation").get_by_role("link", name=LAMP).first).to_be_visible()


def test_who_signs_out_has_deleted(visiting: VisitFactory, site: Site) -> None:
    visit = visiting(READER)
    page = asked(visit, "What is grown in the garden?")
    id_of = page.url.rsplit("/", 1)[1]
    act(page, "What is grown in the garden?", "Delete")
    page.get_by_role("button", name=f"Signed in as {READER}").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    reader = site.town.signed_in(READER)
    assert reader.get(f"/api/v1/conversations/{id_of}").status_code == 404


def test_who_has_gone_elsewhere_is_not_called_back_by_an_answer(signed_in: Visit) -> None:
    page = signed_in.open("/")
    held: list[Route] = []
    signed_in.context.route("**/api/v1/conversations", holding_posts(held))
    ask(page, "What takes so long?")
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("tbody tr").first).to_be_visible()
    with page.expect_response("**/turns"):
        taken(page, held).continue_()
    listed = page.get_by_role("navigation").get_by_role("link", name="What takes so long?")
    expect(listed).to_be_visible()
    expect(page).to_have_url(f"{signed_in.url}/documents")


def test_the_focus_goes_back_after_names_and_changes(signed_in: Visit) -> None:
    page = asked(signed_in, LAMP)
    field = page.get_by_role("textbox", name="Title of the conversation")
    for place in (page.get_by_role("main"), page.get_by_role("navigation")):
        for key in ("Escape", "Enter"):
            more = place.get_by_role("button", name=f"Actions for “{LAMP}”").first
            more.focus()
            page.keyboard.press("Enter")
            page.keyboard.press("Enter")
            expect(field).to_be_focused()
            page.keyboard.press(key)
            expect(more).to_be_focused()
    edit = page.get_by_role("button", name="Edit the question")
    edit.click()
    page.keyboard.press("Escape")
    expect(edit).to_be_focused()


def test_who_closes_the_window_has_deleted(visiting: VisitFactory) -> None:
    visit = visiting(READER)
    page = asked(visit, LAMP)
    address = f"{visit.url}/api/v1/conversations/{page.url.rsplit('/', 1)[1]}"
    act(page, LAMP, "Delete")
    page.goto("about:blank")
    until(lambda: visit.context.request.get(address).status == 404)


def test_a_conversation_is_a_file(signed_in: Visit) -> None:
    page = asked(signed_in, STEPS)
    for action, suffix in (("Export as Markdown", ".md"), ("Export as JSON", ".json")):
        page.get_by_role("main").get_by_role("button", name="Actions for").click()
        with page.expect_download() as coming:
            page.get_by_role("menuitem", name=action).click()
        path = Path(coming.value.path())
        assert coming.value.suggested_filename.endswith(suffix)
        content = path.read_text(encoding="utf-8")
        assert STEPS in (
            json.loads(content)["turns"][0]["question"] if "json" in suffix else content
        )


def test_an_answer_goes_on_while_one_looks_elsewhere(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    expect(page.locator(".turn")).to_have_count(1)
    page.get_by_role("link", name="New chat").click()
    expect(page.locator("h1")).to_have_text("Ask your documents")
    page.get_by_role("navigation").get_by_role("link", name=STEPS).first.click()
    answered(page)
