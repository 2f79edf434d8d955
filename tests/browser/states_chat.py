"""Pictures of the chat's states."""

from __future__ import annotations

from playwright.sync_api import expect

from serve.scripted.replies import quoting
from tests.browser.chat import FOREIGN, PARTLY, RICH, answered, ask, writing
from tests.browser.site import READER, STEPS, Site
from tests.browser.visit import Visit


def chat_suggestions(seen: Visit, site: Site) -> None:
    page = seen.open("/")
    expect(page.locator(".suggestions button").first).to_be_visible()


def chat_partly(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.page.locator(".chip").first.hover()


def chat_rich(seen: Visit, site: Site) -> None:
    _asked(seen, site, RICH)


def chat_abstained(seen: Visit, site: Site) -> None:
    ask(seen.open("/"), FOREIGN)
    answered(seen.page)


def chat_interrupted(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing("Half of an answer that " * 20, fault="cut", after=40)
    ask(seen.open("/"), STEPS)
    answered(seen.page)
    site.llm.server.script = quoting


def chat_model_down(seen: Visit, site: Site) -> None:
    site.llm.stop()
    try:
        ask(seen.open("/"), STEPS)
        answered(seen.page)
    finally:
        site.llm.start()


def chat_session_ended(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.context.clear_cookies()
    ask(seen.page, STEPS)
    expect(seen.page.get_by_role("dialog")).to_be_visible()


def chat_closed(seen: Visit, site: Site) -> None:
    path = f"/api/v1/documents/{site.documents['lighthouse.txt']}/readers"
    # Who manages a collection reads all of it: this is what its readers are shown.
    seen.context.clear_cookies()
    seen.sign_in(READER)
    ask(seen.open("/"), STEPS)
    answered(seen.page)
    site.town.operator.put(path, json={"readers": []})
    seen.page.reload()
    expect(seen.page.locator(".closed")).to_be_visible()
    site.town.operator.put(path, json={"readers": None})


def _asked(seen: Visit, site: Site, text: str) -> None:
    site.llm.server.script = writing(text)
    page = seen.open("/")
    page.locator("textarea").fill(STEPS)
    page.keyboard.press("Enter")
    answered(page)
    site.llm.server.script = quoting


STATES = [
    chat_suggestions,
    chat_partly,
    chat_rich,
    chat_abstained,
    chat_interrupted,
    chat_model_down,
    chat_session_ended,
    chat_closed,
]
