"""Settings for everybody: look, language, password, sessions, keys, one's own data."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import answered, ask
from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, STEPS, Site
from tests.browser.visit import Visit
from tests.fixtures.people import PASSWORD, problem

UI = Path(__file__).parents[2] / "serve" / "ui" / "src" / "i18n" / "en"
PAGES = (
    "/",
    "/documents",
    "/settings",
    "/welcome",
    "/welcome#question",
    "/admin/collections",
    "/admin/collections/1",
    "/admin/people",
    "/admin/people/1",
    "/admin/groups",
    "/admin/keys",
    "/admin/jobs",
    "/admin/feedback",
    "/admin/audit",
    "/admin/health",
    "/admin/nowhere",
)
SAME_IN_FRENCH = 14
"""English texts of fewer letters may be French words as well."""


def english_texts() -> set[str]:
    """The sentences of the English dictionary."""
    files = "".join(path.read_text(encoding="utf-8") for path in UI.glob("*.ts"))
    texts = re.findall(r'"([^"\n]+)"', files)
    return {each for each in texts if len(each) >= SAME_IN_FRENCH and " " in each}


@pytest.mark.parametrize("path", PAGES)
def test_in_french_nothing_is_said_in_english(visiting: VisitFactory, path: str) -> None:
    """Number 26: all visible text from the dictionary, ``lang=fr``, French spaces."""
    page = visiting(ADMINISTRATOR, locale="fr-FR").open(path)
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator(".spinner")).to_have_count(0)
    text = visible_text(page)
    assert [each for each in english_texts() if each in text] == []
    assert re.findall(r".{9}[ \u00a0][;!?»](?!\S)", text) == []


def visible_text(page: Page) -> str:
    """What can be read on a page, hints under the pointer and names for screen readers too."""
    names = ["aria-label", "title", "placeholder"]
    script = """(names) => [document.body.innerText, ...names.flatMap((name) =>
        [...document.querySelectorAll(`[${name}]`)].map((each) => each.getAttribute(name)))]
        .join("\\n")"""
    found: str = page.evaluate(script, names)
    return found


def test_dark_mode_is_remembered_and_has_contrast(visiting: VisitFactory) -> None:
    """Number 25."""
    visit = visiting(ADMINISTRATOR, color_scheme="light")
    page = visit.open("/settings")
    page.get_by_label("Theme").select_option("Dark")
    page.get_by_label("Text size").select_option("Larger")
    page.reload()
    expect(page.get_by_label("Theme")).to_have_value("dark")
    expect(page.locator("html")).to_have_attribute("data-text-size", "larger")
    expect(page.get_by_role("table")).to_be_visible()
    assert visit.axe() == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(visiting: VisitFactory, path: str) -> None:
    """Number 27."""
    visit = visiting(ADMINISTRATOR, viewport={"width": 320, "height": 640}, has_touch=True)
    page = visit.open(path)
    expect(page.locator(".spinner")).to_have_count(0)
    assert visit.sideways() == 0


def test_a_password_is_changed_and_other_sessions_end(visiting: VisitFactory, site: Site) -> None:
    elsewhere = site.town.person("Pat")
    page = visiting("Pat").open("/settings")
    old, new = page.get_by_label("Present password"), page.get_by_label("New password")
    old.fill("wrong")
    new.fill("copper window seven ships")
    page.get_by_role("button", name="Change the password").click()
    expect(old).to_have_accessible_description("This is not your present password.")
    old.fill(PASSWORD)
    new.fill("aaaaaaaaaaaaaa")
    page.get_by_role("button", name="Change the password").click()
    expect(new).to_have_accessible_description(re.compile("repeats the same few characters"))
    new.fill("copper window seven ships")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    expect(old).to_have_value("")
    problem(elsewhere.get("/api/v1/me"), 401, "not_signed_in")
    page.reload()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_a_session_elsewhere_is_ended(visiting: VisitFactory, site: Site) -> None:
    elsewhere = site.town.person("Sam")
    page = visiting("Sam").open("/settings")
    expect(page.get_by_text("This browser", exact=True)).to_have_count(1)
    page.get_by_role("button", name="End the session in python-httpx").click()
    expect(page.get_by_role("button", name="End the session")).to_have_count(0)
    problem(elsewhere.get("/api/v1/me"), 401, "not_signed_in")


def test_a_key_is_made_shown_once_and_revoked(visiting: VisitFactory, site: Site) -> None:
    site.town.person("Kim")
    visit = visiting("Kim")
    page = visit.open("/settings")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("administer")).to_have_count(0)
    dialog.get_by_label("Name").fill("Backup script")
    for each in ("find and read", "ask questions"):
        dialog.get_by_label(each).uncheck()
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at least one thing")
    dialog.get_by_label("find and read").check()
    assert visit.axe() == []
    dialog.get_by_role("button", name="Make the key").click()
    secret = dialog.get_by_label("The key").input_value()
    headers = {"Authorization": f"Bearer {secret}"}
    assert site.town.browser().get("/api/v1/me", headers=headers).json()["name"] == "Kim"
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.get_by_role("button", name="Revoke Backup script").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No keys yet.")).to_be_visible()
    problem(site.town.browser().get("/api/v1/me", headers=headers), 401, "not_signed_in")


def test_a_key_that_is_shown_once_is_not_lost(signed_in: Visit) -> None:
    page = signed_in.open("/settings")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Name")
    name.fill("Nightly")
    box = name.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(4, 4)
    page.mouse.up()
    expect(name).to_have_value("Nightly")
    refused = {"code": "busy", "status": 503, "detail": ""}
    keys = re.compile("/api/v1/keys$")
    signed_in.context.route(
        keys,
        lambda route: (
            route.fulfill(status=503, json=refused)
            if route.request.method == "GET"
            else route.continue_()
        ),
    )
    with page.expect_response(lambda told: bool(keys.search(told.url)) and told.status == 503):
        dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_label("The key")).to_be_visible()
    page.mouse.click(4, 4)
    expect(dialog.get_by_label("The key")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="New key")).to_be_visible()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.mouse.click(4, 4)
    expect(dialog).to_have_count(0)


def test_ones_own_data_is_taken_along_then_deleted(visiting: VisitFactory, site: Site) -> None:
    person = site.town.person("Leo")
    person.post("/api/v1/conversations", json={"title": "On lighthouses"})
    visit = visiting("Leo")
    page = visit.open("/settings")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export everything").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 3
    page.get_by_role("button", name="Delete my conversations").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Your conversations are deleted")).to_be_visible()
    assert person.get("/api/v1/conversations").json()["items"] == []
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    dialog.get_by_label("Type “Leo” to confirm").fill("Leo")
    assert visit.axe() == []
    delete.click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    problem(person.get("/api/v1/me"), 401, "not_signed_in")


def test_the_last_administrator_is_told_to_stay(visiting: VisitFactory) -> None:
    page = visiting(ADMINISTRATOR).open("/settings")
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(f"Type “{ADMINISTRATOR}” to confirm").fill(ADMINISTRATOR)
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the only administrator")


def test_answers_come_in_the_language_that_was_chosen(signed_in: Visit, site: Site) -> None:
    page = signed_in.open("/settings")
    choice = page.get_by_label("Answer language")
    expect(choice).to_have_value("question")
    expect(choice.locator("option")).to_have_count(9)
    choice.select_option("German")
    assert signed_in.axe() == []
    signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    assert "Answer in German." in site.llm.server.requests[-1]["messages"][-1]["content"]
    expect(page.locator(".prose")).to_have_attribute("lang", "de")
    signed_in.open("/settings")
    expect(choice).to_have_value("de")
    choice.select_option("That of the question")
    page.go_back()
    answered(page)
    page.get_by_role("button", name="Answer again").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    answered(page)
    assert "Answer in English." in site.llm.server.requests[-1]["messages"][-1]["content"]
