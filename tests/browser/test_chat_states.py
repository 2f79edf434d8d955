"""What stands in the way of an answer, each told in its place; numbers as in the list of tests."""

from __future__ import annotations

import re
from contextlib import ExitStack

import httpx
from playwright.sync_api import Route, expect

from tests.browser.chat import FOREIGN, PARTLY, answered, ask, is_sound, writing
from tests.browser.conftest import VisitFactory
from tests.browser.site import ADMINISTRATOR, QUOTE, READER, STEPS, Site
from tests.browser.visit import Visit, taken
from tests.fixtures.people import PASSWORD
from tests.fixtures.turns import nothing_written
from tests.fixtures.waiting import until


def test_the_documents_suggest_questions_and_a_click_asks_one(signed_in: Visit) -> None:
    page = signed_in.open("/")
    suggested = page.get_by_role("region", name="Questions to begin with").get_by_role("button")
    expect(suggested.first).to_be_visible()
    is_sound(signed_in)
    question = suggested.first.inner_text()
    suggested.first.click()
    expect(page.locator(".question-text")).to_have_text(question)
    answered(page)


def test_a_model_that_is_down_leaves_quoted_sentences(visiting: VisitFactory, site: Site) -> None:
    """31."""
    visit = visiting(READER)
    with site.without_model():
        page = visit.open("/")
        ask(page, STEPS)
        answer = answered(page)
        expect(answer).to_contain_text("Quoted sentences only")
        expect(answer).to_contain_text(QUOTE)
        expect(answer.locator(".chip").first).to_be_visible()
        is_sound(visit)
        reader = site.town.signed_in(READER)
        until(lambda: not site.model_writes())
        found = reader.post("/api/v1/search", json={"query": STEPS}).json()["items"]
        assert QUOTE in found[0]["quote"]


def test_an_answer_whose_document_was_closed_says_so_and_comes_back(
    visiting: VisitFactory, site: Site
) -> None:
    def read_by(readers: list[dict[str, str]] | None) -> None:
        path = f"/api/v1/documents/{site.documents['lighthouse.txt']}/readers"
        assert site.town.operator.put(path, json={"readers": readers}).status_code == 200

    site.llm.server.script = writing(PARTLY)
    visit = visiting(READER)
    page = visit.open("/")
    ask(page, STEPS)
    before = answered(page).locator(".prose").inner_text()
    assert "The keeper climbs" in before
    read_by([])
    try:
        page.reload()
        closed = page.get_by_role("region", name="You no longer have access to a document")
        expect(closed).to_contain_text("Ask whoever manages the collection for access")
        answer = page.locator(".answer")
        expect(answer.locator(".prose, .chip, .notice, .answer-actions")).to_have_count(0)
        expect(answer).not_to_contain_text("The keeper climbs")
        is_sound(visit)
        page.set_viewport_size({"width": 390, "height": 844})
        is_sound(visit)
        closed.get_by_role("button", name="Ask again").click()
        expect(page.get_by_text("2/2")).to_be_visible()
        expect(closed).to_have_count(0)
        page.get_by_role("button", name="Previous version").click()
        expect(closed).to_be_visible()
    finally:
        read_by(None)
    page.reload()
    expect(page.locator(".prose")).to_have_text(before, use_inner_text=True)


def test_a_session_that_ends_keeps_the_question_and_goes_on(signed_in: Visit) -> None:
    """32."""
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    signed_in.context.clear_cookies()
    ask(page, "Where was the lamp made?")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog.get_by_label("Password")).to_be_focused()
    assert signed_in.axe() == []
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_have_count(0)
    answered(page, 2)
    expect(page.locator(".question-text").last).to_have_text("Where was the lamp made?")


def test_a_draft_outlives_the_session_and_the_page(signed_in: Visit) -> None:
    """32."""
    page = signed_in.open("/")
    composer = page.get_by_role("textbox", name="Question", exact=True)
    composer.fill("A question that is not asked yet")
    signed_in.context.clear_cookies()
    page.reload()
    page.get_by_label("Name").fill(ADMINISTRATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(composer).to_have_value("A question that is not asked yet")


def test_a_full_queue_says_when_to_try_again(signed_in: Visit, site: Site) -> None:
    def waiting_longer(route: Route) -> None:
        # Else the time that is told could be over before all of it is looked at.
        told = route.fetch()
        route.fulfill(response=told, json=told.json() | {"retry_after": 10})

    site.llm.server.script = writing("Slowly.", first_seconds=60)
    page = signed_in.open("/")
    with ExitStack() as stack:
        http = stack.enter_context(
            httpx.Client(
                base_url=signed_in.url,
                headers=site.town.operator.headers,
                trust_env=False,
                timeout=60,
            )
        )
        for _ in range(6):
            stack.enter_context(http.stream("POST", "/api/v1/chat", json={"question": STEPS}))
        signed_in.context.route("**/turns", waiting_longer, times=1)
        ask(page, STEPS)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Too many questions at once")
        expect(alert).to_contain_text(re.compile(r"again in \d+ second"))
        expect(alert.get_by_role("button", name="Try again")).to_be_disabled()
        is_sound(signed_in)
    until(lambda: site.llm.server.running == 0)
    site.llm.server.script = writing("Now.")
    expect(alert.get_by_role("button", name="Try again")).to_be_enabled(timeout=60_000)
    alert.get_by_role("button", name="Try again").click()
    expect(answered(page)).to_contain_text("Now.")


def test_an_answer_that_breaks_off_is_kept_and_can_be_asked_again(
    signed_in: Visit, site: Site
) -> None:
    site.llm.server.script = writing("Half of an answer that " * 20, fault="cut", after=30)
    page = signed_in.open("/")
    ask(page, STEPS)
    answer = answered(page)
    expect(answer).to_contain_text("Half of an answer")
    expect(answer).to_contain_text("Interrupted")
    expect(answer).to_contain_text("The language model broke off in the middle of the answer.")
    expect(answer).to_contain_text("What was written until then is kept.")
    is_sound(signed_in)
    site.llm.server.script = writing("Whole.")
    answer.get_by_role("button", name="Try again").click()
    expect(page.locator(".prose")).to_have_text("Whole.")


def test_an_answer_that_was_stopped_is_continued(signed_in: Visit, site: Site) -> None:
    words = " ".join(f"word{number}" for number in range(200))
    site.llm.server.script = writing(words, token_seconds=0.05)
    page = signed_in.open("/")
    ask(page, STEPS)
    expect(page.locator(".prose")).to_contain_text("word3")
    page.keyboard.press("Escape")
    site.llm.server.script = writing(words)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".prose")).to_have_text(words)
    expect(page.get_by_text("2/2")).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    page.reload()
    expect(page.locator(".prose")).to_have_text(words)


def test_a_tap_tells_what_is_not_verified(visiting: VisitFactory, site: Site) -> None:
    site.llm.server.script = writing(PARTLY)
    size = {"width": 390, "height": 844}
    visit = visiting(ADMINISTRATOR, viewport=size, has_touch=True, is_mobile=True)
    page = visit.open("/")
    ask(page, STEPS)
    mark = answered(page).get_by_role("button", name="not verified")
    card = page.get_by_role("tooltip")
    mark.tap()
    expect(card).to_contain_text("Songs of the sea")
    page.wait_for_timeout(400)
    expect(card).to_be_visible()
    assert visit.axe() == []
    mark.tap()
    expect(card).to_have_count(0)
    mark.tap()
    page.locator(".question-text").tap()
    expect(card).to_have_count(0)


def test_an_answer_without_a_source_says_so(signed_in: Visit, site: Site) -> None:
    site.llm.server.script = writing("The keeper is called Tom.")
    page = signed_in.open("/")
    ask(page, STEPS)
    expect(answered(page)).to_contain_text("Without a source")
    is_sound(signed_in)


def test_offline_is_told_and_nothing_is_lost(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    signed_in.context.set_offline(True)
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    ask(page, "Where was the lamp made?")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The question did not arrive")
    is_sound(signed_in)
    signed_in.context.set_offline(False)
    alert.get_by_role("button", name="Try again").click()
    answered(page, 2)


def test_a_question_that_did_not_arrive_is_written_again(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    composer = page.get_by_role("textbox", name="Question", exact=True)
    alert = page.get_by_role("alert")
    signed_in.context.route("**/turns", lambda route: route.abort())
    ask(page, "Where was the lamp made?")
    expect(alert).to_contain_text("The question did not arrive")
    expect(composer).to_have_value("")
    page.reload()
    expect(composer).to_have_value("Where was the lamp made?")
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("The question did not arrive")
    composer.fill("And by whom?")
    alert.get_by_role("button", name="Dismiss").click()
    expect(composer).to_have_value("Where was the lamp made?\n\nAnd by whom?")


def test_a_suggestion_is_asked_once_and_leaves_what_was_written(signed_in: Visit) -> None:
    page = signed_in.open("/")
    composer = page.get_by_role("textbox", name="Question", exact=True)
    composer.fill("Half of a long question")
    suggested = page.get_by_role("region", name="Questions to begin with").get_by_role("button")
    begun: list[str] = []
    page.on("request", lambda each: begun.append(f"{each.method} {each.url}"))
    suggested.first.dblclick()
    answered(page)
    assert begun.count(f"POST {signed_in.url}/api/v1/conversations") == 1
    page.get_by_role("link", name="New chat").click()
    expect(composer).to_have_value("Half of a long question")


def test_a_conversation_that_is_gone_or_foreign_looks_the_same(
    visiting: VisitFactory, site: Site
) -> None:
    """30."""
    own = visiting(ADMINISTRATOR)
    page = own.open("/")
    ask(page, STEPS)
    answered(page)
    visit = visiting(READER)
    texts = []
    for path in (page.url.removeprefix(own.url), "/c/999999"):
        foreign = visit.open(path)
        expect(foreign.locator("h1")).to_have_text("This conversation does not exist")
        texts.append(foreign.get_by_role("main").inner_text())
    assert texts[0] == texts[1]
    assert visit.axe() == []


def test_a_question_that_is_too_long_is_told_before_it_is_sent(signed_in: Visit) -> None:
    page = signed_in.open("/")
    composer = page.get_by_role("textbox", name="Question", exact=True)
    composer.fill("a" * 20_000)
    expect(page.get_by_text("20,000 characters are too many")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(0)
    is_sound(signed_in)
    composer.fill("a" * 4_000)
    expect(page.get_by_text("4,000 of 4,000 characters")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()


def test_a_changed_question_is_measured_as_a_new_one(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    page.get_by_role("button", name="Edit the question").click()
    editor = page.locator(".question-editor")
    changed, button = editor.get_by_role("textbox"), editor.get_by_role("button", name="Ask this")
    # Each is one character to people, and two to a browser.
    changed.fill("😀" * 3_000)
    expect(button).to_be_enabled()
    changed.fill("😀" * 4_001)
    expect(editor).to_contain_text("4,001 characters are too many")
    expect(button).to_be_disabled()
    is_sound(signed_in)


def test_a_version_that_cannot_be_shown_says_why(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page).get_by_role("button", name="Answer again").click()
    expect(page.get_by_text("2/2")).to_be_visible()
    answered(page)
    signed_in.context.route("**/api/v1/conversations/*", lambda route: route.abort())
    page.get_by_role("button", name="Previous version").click()
    notices = page.get_by_role("region", name="Notifications")
    expect(notices).to_contain_text("The server cannot be reached")


def test_collections_are_chosen_and_an_empty_one_says_so(signed_in: Visit, site: Site) -> None:
    made = site.town.server.collection("Empty shelf")
    site.town.granted(made["id"], site.town.signed_in(ADMINISTRATOR), "reader")
    page = signed_in.open("/")
    page.get_by_role("button", name="Documents to ask").click()
    page.get_by_role("checkbox", name="Empty shelf").check()
    is_sound(signed_in)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Documents to ask")).to_be_focused()
    expect(page.get_by_text("holds no documents yet")).to_be_visible()
    expect(page.get_by_role("link", name="Add documents")).to_be_visible()
    ask(page, STEPS)
    answered(page)
    expect(page.get_by_role("region", name="Not in your documents")).to_be_visible()
    expect(page.get_by_role("button", name="Documents to ask")).to_contain_text("Empty shelf")
    site.town.operator.delete(f"/api/v1/collections/{made['id']}")


def test_a_collection_that_is_gone_is_asked_no_more(signed_in: Visit, site: Site) -> None:
    shelf = _shelf(site, "Shelf to go")
    page = signed_in.open("/")
    page.get_by_role("button", name="Documents to ask").click()
    page.get_by_role("checkbox", name="Shelf to go").check()
    ask(page, STEPS)
    answered(page)
    site.town.operator.delete(f"/api/v1/collections/{shelf}")
    ask(page, STEPS)
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(answered(page, 2).locator(".chip").first).to_be_visible()
    held: list[Route] = []
    signed_in.context.route("**/api/v1/collections", lambda route: held.append(route), times=1)
    page.goto(signed_in.url)
    ask(page, STEPS)
    expect(page.locator(".question-text")).to_have_text(STEPS)
    taken(page, held).continue_()
    expect(answered(page).locator(".chip").first).to_be_visible()


def test_a_choice_of_collections_holds_though_the_first_question_did_not_arrive(
    signed_in: Visit, site: Site
) -> None:
    shelf = _shelf(site, "Narrow shelf")
    page = signed_in.open("/")
    chosen = page.get_by_role("button", name="Documents to ask")
    chosen.click()
    page.get_by_role("checkbox", name="Narrow shelf").check()
    signed_in.context.route("**/turns", lambda route: route.abort())
    ask(page, STEPS)
    expect(page.get_by_role("alert")).to_contain_text("The question did not arrive")
    expect(chosen).to_contain_text("Narrow shelf")
    site.town.operator.delete(f"/api/v1/collections/{shelf}")


def _shelf(site: Site, name: str) -> int:
    """An empty collection that the administrator may ask."""
    made: int = site.town.server.collection(name)["id"]
    site.town.granted(made, site.town.signed_in(ADMINISTRATOR), "reader")
    return made


def test_everything_is_done_by_keys(signed_in: Visit) -> None:
    """29."""
    page = signed_in.open("/")
    page.keyboard.press("/")
    page.keyboard.type(STEPS)
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Tell me.")
    page.keyboard.press("Enter")
    chip = answered(page).locator(".chip").first
    expect(page.locator(".question-text")).to_contain_text("Tell me.")
    page.locator(".thread").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if chip.evaluate("(each) => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".source-pane")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(chip).to_be_focused()
    page.keyboard.press("Control+Shift+O")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask your documents")
    expect(page.get_by_role("textbox", name="Question", exact=True)).to_be_focused()


def test_screen_readers_are_told_of_the_answer_in_one_place(signed_in: Visit) -> None:
    page = signed_in.open("/")
    ask(page, STEPS)
    answered(page)
    expect(page.get_by_role("status").filter(has_text="Answer ready, 1 source")).to_have_count(1)


def test_the_chat_speaks_french(visiting: VisitFactory) -> None:
    """26, 27."""
    visit = visiting(ADMINISTRATOR, locale="fr-FR", viewport={"width": 320, "height": 640})
    page = visit.open("/")
    expect(page.locator("h1")).to_have_text("Interrogez vos documents")
    is_sound(visit)
    ask(page, FOREIGN)
    answered(page)
    expect(page.get_by_role("region", name="Pas dans vos documents")).to_be_visible()
    is_sound(visit)


# The last: so many notes of one word change for a while how rare the words of a question are.
def test_documents_that_are_coming_are_counted(visiting: VisitFactory, site: Site) -> None:
    visit = visiting(ADMINISTRATOR)
    many = {f"note {n}.txt": b"Nothing but a note. " * 400 * (n + 1) for n in range(30)}
    site.town.server.upload(many)
    with nothing_written(site.town.server):
        page = visit.open("/")
        expect(page.get_by_text(re.compile(r"\d+ of \d+ documents are ready"))).to_be_visible()
        is_sound(visit)
    for each in site.town.operator.get("/api/v1/documents?q=note&limit=100").json()["items"]:
        site.town.operator.delete(f"/api/v1/documents/{each['id']}")
