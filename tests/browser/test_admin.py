"""The pages of administration, each used as an administrator would, with axe on each."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, READER, Site
from tests.browser.states_admin import with_judgement
from tests.browser.visit import Visit, taken
from tests.fixtures.people import PASSWORD, problem
from tests.fixtures.waiting import until

PAGES = {
    "collections": "Collections",
    "collections/1": "default",
    "people": "People",
    "people/1": ADMINISTRATOR,
    "groups": "Groups",
    "keys": "API keys",
    "jobs": "Jobs",
    "feedback": "Feedback",
    "audit": "Audit log",
    "health": "Health",
}


_IS_IN_DIALOG_OR_NOWHERE = """() => document.activeElement === document.body ||
    document.activeElement.closest("dialog") !== null"""


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_usable_by_all(signed_in: Visit, path: str) -> None:
    page = signed_in.open(f"/admin/{path}")
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[path])
    expect(page.locator(".spinner")).to_have_count(0)
    assert signed_in.axe() == []


@pytest.mark.parametrize("lets", [True, False])
def test_a_link_is_copied_where_browsers_offer_less(
    visiting: VisitFactory, site: Site, lets: bool
) -> None:
    """As over plain HTTP: no clipboard for the page, and all but the dialog out of reach."""
    name = f"Linked {lets}"
    site.town.person(name)
    visit = visiting(ADMINISTRATOR)
    visit.context.add_init_script("delete Navigator.prototype.clipboard;")
    if not lets:
        visit.context.add_init_script("document.execCommand = () => false;")
    page = visit.open("/admin/people")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Link for a new password").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Copy").click()
    link = dialog.get_by_role("textbox")
    if lets:
        expect(dialog.get_by_role("button", name="Copied")).to_be_focused()
        address = link.input_value()
        page.keyboard.press("Escape")
        page.get_by_role("searchbox", name="Search conversations").focus()
        page.keyboard.press("Control+v")
        expect(page.get_by_role("searchbox")).to_have_value(address)
    else:
        expect(dialog.get_by_role("alert")).to_have_text("The browser does not allow copying.")
        expect(link).to_be_focused()
    assert visit.axe() == []


def test_sessions_that_cannot_be_read_say_so(signed_in: Visit) -> None:
    signed_in.context.route("**/people/*/sessions", lambda route: route.fulfill(status=500))
    page = signed_in.open("/admin/people/1")
    expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()


def collections_of(person: httpx.Client) -> list[str]:
    """The names of what is granted to a person."""
    items = person.get("/api/v1/collections").json()["items"]
    return [each["name"] for each in items]


def test_a_collection_is_made_shared_renamed_and_deleted(signed_in: Visit, site: Site) -> None:
    page = signed_in.open("/admin/collections")
    page.get_by_role("button", name="New collection").click()
    page.get_by_role("dialog").get_by_label("Name").fill("default")
    page.get_by_role("dialog").get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert")).to_contain_text("There is a collection of that name")
    page.get_by_role("dialog").get_by_label("Name").fill("Contracts")
    assert signed_in.axe() == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Contracts")
    reader = site.town.signed_in(READER)
    assert "Contracts" not in collections_of(reader)
    page.get_by_label("Add somebody").fill(READER)
    page.get_by_role("button", name="Add").click()
    role = page.get_by_label(f"Role of {READER}")
    expect(role).to_have_value("reader")
    assert "Contracts" in collections_of(reader)
    with page.expect_response("**/grants"):
        role.select_option("writer")
    expect(role).to_have_value("writer")
    page.get_by_label("Name", exact=True).fill("Agreements")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agreements")
    page.get_by_role("button", name=f"Remove {READER}").click()
    expect(role).to_have_count(0)
    assert "Agreements" not in collections_of(reader)
    page.get_by_role("button", name="Delete the collection").click()
    delete = page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    page.get_by_label("Type “Agreements” to confirm").fill("Agreement")
    expect(delete).to_be_disabled()
    page.get_by_label("Type “Agreements” to confirm").fill("Agreements")
    delete.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Collections")
    expect(page.get_by_role("link", name="Agreements")).to_have_count(0)


def test_somebody_is_invited_let_in_suspended_and_deleted(
    signed_in: Visit, visiting: VisitFactory
) -> None:
    page = signed_in.open("/admin/people")
    page.get_by_role("button", name="Invite somebody").click()
    page.get_by_role("dialog").get_by_label("Name").fill("noor@example.org")
    page.get_by_role("button", name="Make the link").click()
    dialog = page.get_by_role("dialog", name="Link for noor@example.org")
    link = dialog.get_by_label("Link for noor@example.org").input_value()
    assert signed_in.axe() == []
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text(link)).to_have_count(0)
    expect(page.get_by_role("row", name="noor@example.org")).to_contain_text("Invited")

    guest = visiting()
    guest.page.goto(link)
    guest.page.get_by_label("New password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Continue").click()
    expect(guest.page.get_by_role("button", name="Signed in as noor@example.org")).to_be_visible()

    page.get_by_role("link", name="noor@example.org").click()
    expect(page.get_by_role("table")).to_contain_text("Chrome on Linux")
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Not signed in anywhere.")).to_be_visible()
    guest.page.reload()
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Let in again").click()
    page.get_by_role("button", name="Delete this person").click()
    page.get_by_label("Type “noor@example.org” to confirm").fill("noor@example.org")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    expect(page.get_by_role("link", name="noor@example.org")).to_have_count(0)


def test_the_only_administrator_stays_one(signed_in: Visit) -> None:
    page = signed_in.open("/admin/people")
    page.get_by_role("link", name=ADMINISTRATOR).click()
    page.get_by_role("button", name="No longer an administrator").click()
    expect(page.get_by_text("This is the only administrator.")).to_be_visible()


def test_a_group_gives_its_members_what_it_has(signed_in: Visit, site: Site) -> None:
    vault = site.town.server.collection("Vault")["id"]
    page = signed_in.open("/admin/groups")
    page.get_by_role("button", name="New group").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Lawyers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lawyers")
    with page.expect_response("**/members"):
        page.get_by_label(READER).check()
    held: list[Route] = []
    signed_in.context.route("**/api/v1/groups", lambda route: held.append(route), times=1)
    page.goto(f"{site.town.server.url}/admin/collections/{vault}")
    page.get_by_label("Add somebody").fill("Lawyers (Group)")
    page.get_by_role("button", name="Add").click()
    taken(page, held).continue_()
    expect(page.get_by_label("Role of Lawyers")).to_have_value("reader")
    seen = site.town.signed_in(READER).get("/api/v1/collections").json()["items"]
    assert "Vault" in [each["name"] for each in seen]


def test_members_that_are_ticked_quickly_are_all_in_the_group(signed_in: Visit, site: Site) -> None:
    made = site.town.operator.post("/api/v1/groups", json={"name": "Quick"}).json()["id"]
    page = signed_in.open(f"/admin/groups/{made}")
    held: list[Route] = []
    signed_in.context.route("**/members", lambda route: held.append(route))
    page.get_by_role("checkbox", name=READER).check()
    first = taken(page, held)
    page.get_by_role("checkbox", name=ADMINISTRATOR).check()
    page.wait_for_timeout(100)
    assert held == []
    first.continue_()
    taken(page, held).continue_()

    def members() -> set[str]:
        told = site.town.operator.get(f"/api/v1/groups/{made}").json()
        return {each["name"] for each in told["members"]}

    until(lambda: members() == {READER, ADMINISTRATOR})


def test_keys_of_others_are_seen_and_revoked(signed_in: Visit, site: Site) -> None:
    person = site.town.person("Key holder")
    key = site.town.key(person, "search")
    page = signed_in.open("/admin/keys")
    expect(page.get_by_role("row", name="Key holder")).to_contain_text("Search")
    page.get_by_role("row", name="Key holder").get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="Key holder")).to_have_count(0)
    problem(key.get("/api/v1/me"), 401, "not_signed_in")


def test_a_failed_job_is_tried_again(signed_in: Visit, site: Site) -> None:
    [item] = site.town.server.upload({"broken.pdf": b"%PDF-1.7 nothing"})
    site.town.server.ended(item["job_id"])
    page = signed_in.open("/admin/jobs")
    page.get_by_label("Show").select_option("failed")
    row = page.get_by_role("row", name="broken.pdf")
    expect(row).to_contain_text("Failed")
    with page.expect_response(f"**/jobs/{item['job_id']}/retry") as answered:
        row.get_by_role("button", name="Try again").click()
    assert answered.value.status == 202
    site.town.server.ended(item["job_id"])


def test_feedback_is_counted_and_exported(signed_in: Visit, site: Site) -> None:
    with_judgement(site)
    page = signed_in.open("/admin/feedback")
    expect(page.get_by_text("Incomplete: 1")).to_be_visible()
    expect(page.get_by_role("row", name="How far does the light reach?")).to_contain_text("Bad")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export for cloister eval").click()
    assert b"How far does the light reach?" in download.value.path().read_bytes()
    assert signed_in.axe() == []


def test_the_audit_log_is_filtered_verified_and_exported(signed_in: Visit, site: Site) -> None:
    site.town.invited("Recorded")
    page = signed_in.open("/admin/audit")
    expect(page.get_by_role("row", name="Invited somebody").first).to_be_visible()
    page.get_by_label("Act", exact=True).select_option("Sign-ins")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("row", name="Signed in").first).to_be_visible()
    expect(page.get_by_role("row", name="Invited somebody")).to_have_count(0)
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("the chain is whole")).to_be_visible()
    assert signed_in.axe() == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert b"sign_in.succeeded" in download.value.path().read_bytes()


def test_health_says_that_nothing_leads_out(signed_in: Visit) -> None:
    page = signed_in.open("/admin/health")
    expect(page.get_by_text("No connection leads out of this machine.")).to_be_visible()
    expect(page.locator(".tile", has_text="Index")).to_contain_text("Sound")
    expect(page.get_by_role("row", name="HF_HUB_OFFLINE")).to_contain_text("1")


def test_dialogs_are_used_by_keys_alone(signed_in_page: Page, site: Site) -> None:
    page = signed_in_page
    page.goto(f"{site.town.server.url}/admin/people")
    invite = page.get_by_role("button", name="Invite somebody")
    invite.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # After its last button the focus may go to the browser's own bars, never to the page below.
        assert page.evaluate(_IS_IN_DIALOG_OR_NOWHERE)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(invite).to_be_focused()
