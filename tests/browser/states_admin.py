"""States of welcome, sign-in, administration and settings, for the pictures."""

from __future__ import annotations

from itertools import count

from playwright.sync_api import expect

from tests.browser.site import ADMINISTRATOR, READER, Site
from tests.browser.visit import Visit

_numbers = count(1)


def signed_out(seen: Visit, site: Site) -> None:
    seen.context.clear_cookies()
    seen.open("/signed-out")


def invitation(seen: Visit, site: Site) -> None:
    name = f"Zoë {next(_numbers)}"
    token = site.town.invited(name)["token"]
    seen.context.clear_cookies()
    page = seen.open(f"/sign-in#{token}")
    page.locator("input[type=password]").fill("quartz lantern")


def welcome_documents(seen: Visit, site: Site) -> None:
    page = seen.open("/welcome")
    expect(page.locator(".welcome-foot .button-primary")).to_be_visible()


def welcome_question(seen: Visit, site: Site) -> None:
    page = seen.open("/welcome#question")
    expect(page.locator(".welcome-suggestions, .welcome p").first).to_be_visible()


def admin_collections(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/collections")
    expect(page.get_by_role("table")).to_be_visible()


def admin_collection(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/collections/1")
    expect(page.get_by_role("table")).to_be_visible()


def admin_people(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/people")
    expect(page.get_by_role("table")).to_be_visible()


def admin_person(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/people")
    page.get_by_role("link", name=READER).click()
    expect(page.get_by_role("table")).to_be_visible()


def admin_invite(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/people")
    page.locator(".page-actions .button").click()
    page.get_by_role("dialog").locator("input[name=name]").fill(f"zoe{next(_numbers)}@example.org")
    page.get_by_role("dialog").locator("button[type=submit]").click()
    expect(page.locator(".secret")).to_be_visible()


def admin_groups(seen: Visit, site: Site) -> None:
    site.town.operator.post("/api/v1/groups", json={"name": "Reading room"})
    page = seen.open("/admin/groups")
    expect(page.get_by_role("table")).to_be_visible()


def admin_group(seen: Visit, site: Site) -> None:
    site.town.operator.post("/api/v1/groups", json={"name": "Reading room"})
    page = seen.open("/admin/groups")
    page.get_by_role("link", name="Reading room").click()
    expect(page.get_by_role("checkbox").first).to_be_visible()


def admin_jobs(seen: Visit, site: Site) -> None:
    site.town.server.upload({"broken.pdf": b"%PDF-1.7 nothing"})
    page = seen.open("/admin/jobs")
    page.get_by_role("combobox").select_option("all")
    expect(page.get_by_role("table")).to_be_visible()


def admin_feedback(seen: Visit, site: Site) -> None:
    with_judgement(site)
    page = seen.open("/admin/feedback")
    expect(page.get_by_role("table")).to_be_visible()


def admin_audit(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/audit")
    page.locator(".audit-chain .button").click()
    expect(page.locator(".audit-chain .badge")).to_be_visible()
    expect(page.get_by_role("table")).to_be_visible()


def admin_health(seen: Visit, site: Site) -> None:
    page = seen.open("/admin/health")
    expect(page.get_by_role("table")).to_be_visible()


def admin_keys(seen: Visit, site: Site) -> None:
    ada = site.town.signed_in(ADMINISTRATOR)
    ada.post("/api/v1/keys", json={"name": "Backup script", "permissions": ["search", "ask"]})
    page = seen.open("/admin/keys")
    expect(page.get_by_role("table")).to_be_visible()


def settings_new_key(seen: Visit, site: Site) -> None:
    page = seen.open("/settings")
    page.locator(".settings-more .button").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def not_found(seen: Visit, site: Site) -> None:
    seen.open("/admin/nowhere")


def with_judgement(site: Site) -> None:
    """An answer of the administrator that was found bad."""
    ada = site.town.signed_in(ADMINISTRATOR)
    made = ada.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{made}/turns?stream=false"
    turn = ada.post(path, json={"question": "How far does the light reach?"}).json()["turn_id"]
    judged = {"value": "down", "reason": "incomplete", "comment": "The unit is missing."}
    assert ada.put(f"/api/v1/turns/{turn}/feedback", json=judged).status_code == 200


STATES = [
    signed_out,
    invitation,
    welcome_documents,
    welcome_question,
    admin_collections,
    admin_collection,
    admin_people,
    admin_person,
    admin_invite,
    admin_groups,
    admin_group,
    admin_jobs,
    admin_feedback,
    admin_audit,
    admin_health,
    admin_keys,
    settings_new_key,
    not_found,
]
