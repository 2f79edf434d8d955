"""What people see of each other, and what keeps them out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from serve.people.throttle import MOST_PER_ACCOUNT
from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, Site
from tests.fixtures.people import PASSWORD

ADMINISTRATION = (
    "",
    "/collections",
    "/collections/1",
    "/people",
    "/people/1",
    "/groups",
    "/keys",
    "/jobs",
    "/feedback",
    "/audit",
    "/health",
)
NOTHING = "There is nothing at this address"
MISSING = re.compile("nothing at this address|does not exist|is not available")


def test_two_people_see_nothing_of_each_other(visiting: VisitFactory, site: Site) -> None:
    """Number 30: neither chats nor a private collection; direct addresses find nothing."""
    ada = site.town.signed_in(ADMINISTRATOR)
    chat = ada.post("/api/v1/conversations", json={"title": "Ada's secret plan"}).json()["id"]
    secret = ada.post("/api/v1/collections", json={"name": "Ada's vault"}).json()["id"]
    [document] = site.town.server.ingest({"vault.txt": b"The code is 4711."}, str(secret))
    page = visiting(READER).open("/")
    expect(page.get_by_role("navigation")).to_be_visible()
    expect(page.get_by_text("Ada's")).to_have_count(0)
    for path in (f"/c/{chat}", f"/d/{document}", f"/admin/collections/{secret}"):
        page.goto(site.town.server.url + path)
        expect(page.get_by_text(MISSING).first).to_be_visible()
        expect(page.get_by_text("Ada's")).to_have_count(0)
        expect(page.get_by_text("4711")).to_have_count(0)


@pytest.mark.parametrize("path", ADMINISTRATION)
def test_who_has_no_right_finds_no_administration(visiting: VisitFactory, path: str) -> None:
    page = visiting(READER).open(f"/admin{path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(NOTHING)
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def test_a_manager_administers_one_collection_alone(visiting: VisitFactory, site: Site) -> None:
    manager = site.town.person("Manon")
    managed = site.town.server.collection("Archive")["id"]
    site.town.granted(managed, manager, "manager")
    page = visiting("Manon").open("/")
    page.get_by_role("link", name="Administration").click()
    page.get_by_role("link", name="Archive").click()
    page.get_by_label("Add somebody").fill("nobody at all")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_have_text("There is no person or group of that name.")
    page.get_by_label("Add somebody").fill(READER)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label(f"Role of {READER}")).to_have_value("reader")
    expect(page.get_by_role("navigation").get_by_role("link", name="People")).to_have_count(0)


def test_wrong_passwords_are_told_and_then_throttled(visiting: VisitFactory, site: Site) -> None:
    site.town.person("Guessed")
    visit = visiting()
    page = visit.open("/")
    alert = page.get_by_role("alert")
    for _ in range(MOST_PER_ACCOUNT):
        page.get_by_label("Name").fill("Guessed")
        page.get_by_label("Password").fill("wrong")
        with page.expect_response("**/auth/login"):
            page.get_by_role("button", name="Sign in").click()
        expect(alert).to_contain_text("Name and password do not belong together")
    page.get_by_role("button", name="Sign in").click()
    expect(alert).to_contain_text("Too many passwords were tried. Try again in 15 minutes")
    assert visit.axe() == []


def test_who_is_suspended_is_out_at_once_and_told_what_to_do(
    visiting: VisitFactory, site: Site
) -> None:
    person = site.town.id_of(site.town.person("Absent"))
    page = visiting("Absent").open("/settings")
    site.town.suspended(person)
    page.reload()
    page.get_by_label("Name").fill("Absent")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("or the account is suspended")


def test_a_page_that_breaks_leaves_the_rest_usable(visiting: VisitFactory) -> None:
    visit = visiting(ADMINISTRATOR)
    broken: dict[str, Any] = {
        "items": [{"id": 1, "name": None, "from_oidc": False, "member_count": {}}]
    }
    visit.context.route("**/api/v1/groups", lambda route: route.fulfill(json=broken))
    page = visit.open("/")
    page.evaluate("history.pushState(null,'','/admin/groups')")
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.get_by_role("heading", name="Something broke")).to_be_visible()
    assert visit.axe() == []
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Something broke")).to_have_count(0)
    # What broke is told in the console, too.
    visit.complaints.clear()
