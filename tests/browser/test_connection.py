"""A server that cannot be reached, and a network that is down without being needed."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.chat import answered, ask
from tests.browser.site import STEPS
from tests.browser.visit import Visit

LOST = "The server cannot be reached"
_UNPLUGGED = """Object.defineProperty(Navigator.prototype, "onLine", { get: () => false });
dispatchEvent(new Event("offline"));"""


def test_a_pulled_cable_stops_nothing_on_the_servers_own_machine(signed_in: Visit) -> None:
    page = signed_in.open("/")
    page.evaluate(_UNPLUGGED)
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("link", name="New chat").click()
    ask(page, STEPS)
    answered(page)
    expect(page.get_by_text(LOST)).to_have_count(0)


def test_a_lost_server_is_told_on_every_page_until_it_is_back(signed_in: Visit) -> None:
    page = signed_in.open("/documents")
    expect(page.locator("tbody tr").first).to_be_visible()
    lost = page.get_by_role("status").filter(has_text=LOST)
    signed_in.context.route(signed_in.url + "/**", lambda route: route.abort())
    page.get_by_label("Find by name").fill("rule")
    expect(lost).to_be_visible()
    assert signed_in.axe() == []
    assert signed_in.sideways() == 0
    page.set_viewport_size({"width": 390, "height": 700})
    expect(lost).to_be_in_viewport(ratio=1)
    assert signed_in.sideways() == 0
    signed_in.context.unroute(signed_in.url + "/**")
    expect(lost).to_have_count(0)
    expect(page.locator(".documents-name a")).to_have_text(["rule.pdf"])
