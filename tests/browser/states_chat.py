"""Pictures of the chat's states."""

from __future__ import annotations

from contextlib import ExitStack

from playwright.sync_api import Route, expect

from serve.answers.llm import NO_ANSWER
from serve.scripted.replies import quoting
from tests.browser.chat import FOREIGN, PARTLY, RICH, answered, ask, writing
from tests.browser.site import READER, STEPS, Site
from tests.browser.visit import Visit
from tests.fixtures.waiting import until


def chat_suggestions(seen: Visit, site: Site) -> None:
    page = seen.open("/")
    expect(page.locator(".suggestions button").first).to_be_visible()


def chat_partly(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.page.locator(".chip").first.hover()


def chat_rich(seen: Visit, site: Site) -> None:
    _asked(seen, site, RICH)


def chat_abstained(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing(NO_ANSWER)
    ask(seen.open("/"), FOREIGN)
    answered(seen.page)
    site.llm.server.script = quoting


def chat_interrupted(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing("Half of an answer that " * 20, fault="cut", after=40)
    ask(seen.open("/"), STEPS)
    answered(seen.page)
    site.llm.server.script = quoting


def chat_model_down(seen: Visit, site: Site) -> None:
    with site.without_model():
        ask(seen.open("/"), STEPS)
        answered(seen.page)


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


def chat_streaming(seen: Visit, site: Site) -> None:
    site.llm.server.script = writing("The keeper climbs and climbs. " * 60, token_seconds=0.05)
    ask(seen.open("/"), STEPS)
    expect(seen.page.locator(".prose")).to_contain_text("climbs and climbs. The keeper")
    site.llm.server.script = quoting


def chat_waiting(seen: Visit, site: Site) -> None:
    until(lambda: site.llm.server.running == 0)
    site.llm.server.script = writing("Late.", first_seconds=20)
    ask(seen.open("/"), STEPS)
    until(lambda: site.llm.server.running == 1)
    expect(seen.page.locator(".progress")).to_be_visible()
    site.llm.server.script = quoting


def chat_offline(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.context.set_offline(True)
    ask(seen.page, STEPS)
    expect(seen.page.get_by_role("alert")).to_be_visible()


def chat_full_queue(seen: Visit, site: Site) -> None:
    until(lambda: site.llm.server.running == 0)
    site.llm.server.script = writing("Slowly.", first_seconds=60)
    operator = site.town.operator
    page = seen.open("/")
    with ExitStack() as stack:
        for _ in range(6):
            question = {"question": STEPS}
            stack.enter_context(operator.stream("POST", "/api/v1/chat", json=question))
        ask(page, STEPS)
        expect(page.get_by_role("alert")).to_be_visible()
    site.llm.server.script = quoting


def chat_ungrounded(seen: Visit, site: Site) -> None:
    _asked(seen, site, "The keeper is called Tom, and he has a dog.")


def chat_sources_only(seen: Visit, site: Site) -> None:
    """As without a model: what the server tells of one is left out."""

    def without_model(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | {"llm": None})

    seen.context.route("**/api/v1/status", without_model)
    seen.open("/").wait_for_load_state("networkidle")
    seen.context.unroute_all(behavior="ignoreErrors")


def chat_gone(seen: Visit, site: Site) -> None:
    seen.open("/c/999999")


def chat_not_loaded(seen: Visit, site: Site) -> None:
    seen.context.route("**/api/v1/conversations/7", lambda route: route.abort())
    seen.open("/c/7")


def chat_edit(seen: Visit, site: Site) -> None:
    _asked(seen, site, RICH)
    seen.page.locator(".question-tools button").last.click()
    expect(seen.page.locator(".question-editor")).to_be_visible()


def chat_feedback(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.page.locator(".answer-actions button").last.click()
    expect(seen.page.get_by_role("dialog")).to_be_visible()


def chat_branches(seen: Visit, site: Site) -> None:
    _asked(seen, site, RICH)
    seen.page.locator(".answer-actions button").nth(1).click()
    expect(seen.page.locator(".branches")).to_be_visible()
    answered(seen.page)


def chat_struck(seen: Visit, site: Site) -> None:
    _asked(seen, site, PARTLY)
    seen.page.locator(".chip-unproved").first.hover()
    expect(seen.page.get_by_role("tooltip")).to_be_visible()


def drawer(seen: Visit, site: Site) -> None:
    page = seen.open("/")
    if (menu := page.locator(".topbar button")).is_visible():
        menu.click()
        expect(page.locator(".sidebar-open")).to_be_visible()
    page.locator(".sidebar-foot button").click()
    expect(page.get_by_role("menu")).to_be_visible()


def shortcuts(seen: Visit, site: Site) -> None:
    page = seen.open("/documents")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def server_unreachable(seen: Visit, site: Site) -> None:
    seen.context.route("**/api/v1/me", lambda route: route.abort())
    seen.open("/")


def part_not_loaded(seen: Visit, site: Site) -> None:
    seen.context.route("**/assets/DocumentsPage-*.js", lambda route: route.abort())
    seen.open("/documents")


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
    chat_streaming,
    chat_waiting,
    chat_offline,
    chat_full_queue,
    chat_ungrounded,
    chat_sources_only,
    chat_gone,
    chat_not_loaded,
    chat_edit,
    chat_feedback,
    chat_branches,
    chat_struck,
    drawer,
    shortcuts,
    server_unreachable,
    part_not_loaded,
]
