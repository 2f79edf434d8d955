"""The source beside the chat: opened by a click on a citation, left by Escape."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from serve.scripted.replies import Reply
from tests.browser.chat import FOREIGN, answered, ask, is_sound
from tests.browser.conftest import VisitFactory
from tests.browser.marked_text import let_probe_in, marked_text, squashed
from tests.browser.site import ADMINISTRATOR, Site
from tests.browser.visit import Visit
from tests.fixtures.documents import GARDEN

QUESTION = "Who laid out the garden of the cloister, and what do herbs stand around?"
QUOTES = "laid out by Brother Anselm in the spring of 1147", "a walnut tree gives shade"
_SOURCE = re.compile(r'<src n="(\d+)"([^>]*)>(.*?)</src>', re.DOTALL)


def two_quotes(body: dict[str, Any]) -> Reply:
    """An answer that quotes two places of the garden's page."""
    told = "".join(str(message.get("content")) for message in body["messages"])
    sources = _SOURCE.findall(told)
    # Cloister also asks what the server can do, and then there are none.
    number = next((n for n, of, text in sources if "rule" in of and QUOTES[0] in text), "1")
    return Reply(" ".join(f'So it is <q s="{number}">{quote}</q>.' for quote in QUOTES))


@pytest.fixture
def reader(visiting: VisitFactory, site: Site) -> Visit:
    assert QUOTES[0] in GARDEN[0]
    site.llm.server.script = two_quotes
    made = visiting(ADMINISTRATOR)
    let_probe_in(made.context)
    return made


def asking(seen: Visit) -> Page:
    page = seen.open("/")
    page.locator("textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    return page


def asked(seen: Visit) -> Page:
    page = asking(seen)
    expect(chip(page, 2)).to_be_visible()
    expect(page.locator(".answer-actions")).to_be_visible()
    return page


def chip(page: Page, n: int) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=f"Source {n}: rule.pdf").first


def expect_marked(page: Page, site: Site, quote: str) -> None:
    expect(page.locator("blockquote")).to_have_text(quote)
    expect(page.locator(".mark-quote").first).to_be_visible()
    assert squashed(marked_text(page, site.documents["rule.pdf"], 1)) == squashed(quote)


def test_a_click_on_a_citation_marks_exactly_its_words(reader: Visit, site: Site) -> None:
    """15 and 16: at once, after a reload, and in an old conversation."""
    page = asked(reader)
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    expect(page.locator(".mark-passage").first).to_be_visible()
    page.reload()
    chip(page, 2).click()
    expect_marked(page, site, QUOTES[1])
    old = page.url
    page.goto(f"{reader.url}/documents")
    page.goto(old)
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    is_sound(reader)
    reader.screenshot("viewer-pane")


def test_a_chip_tells_the_page_as_the_document_counts_it(reader: Visit) -> None:
    """14: the page, by its label where the document has one."""
    page = asked(reader)
    chip(page, 1).hover()
    card = page.get_by_role("tooltip")
    expect(card).to_contain_text("rule.pdf")
    expect(card.locator(".card-page")).to_have_text("p. i")
    expect(card).to_contain_text(QUOTES[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1440])
def test_the_composer_stays_in_sight_beside_the_source(
    width: int, scheme: str, visiting: VisitFactory, site: Site
) -> None:
    """28 with the viewer open, in French."""
    site.llm.server.script = two_quotes
    viewport = {"width": width, "height": 720}
    seen = visiting(ADMINISTRATOR, viewport=viewport, color_scheme=scheme, locale="fr-FR")
    page = seen.open("/")
    ask(page, QUESTION)
    answered(page).locator(".chip").first.click()
    expect(page.locator(".mark-quote").first).to_be_visible()
    is_sound(seen)
    page.locator(".viewer-scroller").evaluate("(each) => each.scrollTo(0, each.scrollHeight)")
    is_sound(seen)


def test_a_passage_that_comes_nearest_opens_where_it_stands(visiting: VisitFactory) -> None:
    seen = visiting(ADMINISTRATOR)
    page = seen.open("/")
    ask(page, FOREIGN)
    nearest = answered(page).locator(".nearest", has_text="lighthouse.txt")
    words = nearest.locator(".nearest-text").inner_text()
    nearest.click()
    pane = page.locator(".source-pane")
    expect(pane.locator(".quote-banner-kind")).to_have_text("Passage")
    expect(pane.locator("blockquote")).to_have_text(words)
    expect(pane.locator(".text-passage").first).to_be_visible()
    marked = "".join(pane.locator(".text-passage").all_text_contents())
    assert squashed(marked) == squashed(words)
    is_sound(seen)


@pytest.mark.parametrize(
    ("number", "quote", "said", "marked"),
    [
        (
            "of the lighthouse",
            "The lamp was made in Paris by Barbier Its light reaches 21 miles",
            "The answer words this almost the same way",
            "The lamp was made in Paris by Barbier. Its light reaches 21 miles",
        ),
        (
            "of another",
            "The lighthouse keeper climbs 217 steps every evening",
            "The answer named another passage",
            "The lighthouse keeper climbs 217 steps every evening",
        ),
    ],
    ids=["approximate", "relinked"],
)
def test_a_citation_that_is_not_as_the_answer_has_it_says_so(
    number: str, quote: str, said: str, marked: str, visiting: VisitFactory, site: Site
) -> None:
    def script(body: dict[str, Any]) -> Reply:
        told = "".join(str(message.get("content")) for message in body["messages"])
        found = {n: "lighthouse" in of for n, of, _ in _SOURCE.findall(told)}
        wanted = number == "of the lighthouse"
        source = next((n for n, is_lighthouse in found.items() if is_lighthouse == wanted), "1")
        return Reply(f'So it is: <q s="{source}">{quote}</q>.')

    site.llm.server.script = script
    seen = visiting(ADMINISTRATOR)
    page = seen.open("/")
    ask(page, "How many steps does the lighthouse keeper climb, and who made the lamp in Paris?")
    answered(page).locator(".chip").first.click()
    pane = page.locator(".source-pane")
    expect(pane.locator(".quote-banner-note")).to_contain_text(said)
    expect(pane.locator("blockquote")).to_have_text(marked)
    expect(pane.locator("mark").first).to_be_visible()
    assert squashed("".join(pane.locator("mark").all_text_contents())) == squashed(marked)
    assert seen.axe() == []


def test_escape_closes_and_the_focus_goes_back(reader: Visit, site: Site) -> None:
    """18 and 29: by the keyboard alone, from chip to chip."""
    page = asked(reader)
    chip(page, 1).focus()
    page.keyboard.press("Enter")
    expect_marked(page, site, QUOTES[0])
    page.keyboard.press("]")
    expect_marked(page, site, QUOTES[1])
    current = page.get_by_role("complementary").get_by_role("button", name="Source 2: rule.pdf")
    expect(current).to_have_attribute("aria-current", "true")
    page.keyboard.press("[")
    expect_marked(page, site, QUOTES[0])
    page.keyboard.press("Escape")
    if page.locator(".source-pane").count():  # The first one may have closed the preview.
        page.keyboard.press("Escape")
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(chip(page, 1)).to_be_focused()


def test_the_next_citation_of_a_page_that_is_drawn_comes_into_view(
    reader: Visit, site: Site
) -> None:
    page = asked(reader)
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    page.set_viewport_size({"width": 1280, "height": 420})
    for _ in range(5):
        page.get_by_role("button", name="Larger").click()
    for key, quote in (("]", QUOTES[1]), ("[", QUOTES[0])):
        page.locator(".viewer-scroller").evaluate("(each) => each.scrollTo(0, 0)")
        page.keyboard.press(key)
        expect(page.locator("blockquote")).to_have_text(quote)
        expect(page.locator(".mark-quote").first).to_be_in_viewport()


def test_the_field_of_pages_keeps_the_focus(reader: Visit, site: Site) -> None:
    page = reader.open(f"/d/{site.documents['rule.pdf']}")
    field = page.get_by_role("textbox", name="Page")
    for number in ("3", "2"):
        field.fill(number)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Next page")).to_be_enabled(enabled=number == "2")
        expect(field).to_be_focused()
        expect(field).to_have_value(number)


def test_a_chip_that_was_clicked_while_the_answer_was_written_gets_the_focus_back(
    reader: Visit, site: Site
) -> None:
    def slowly(body: dict[str, Any]) -> Reply:
        return Reply(two_quotes(body).text + " And so on." * 60, token_seconds=0.03)

    site.llm.server.script = slowly
    page = asking(reader)
    expect(chip(page, 1)).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    chip(page, 1).click()
    expect(page.locator(".answer-actions")).to_be_visible()
    expect(chip(page, 1)).to_have_class(re.compile("chip-open"))
    page.get_by_role("complementary").get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(chip(page, 1)).to_be_focused()


def test_escape_closes_the_source_before_it_stops_the_answer(reader: Visit, site: Site) -> None:
    def slowly(body: dict[str, Any]) -> Reply:
        return Reply(two_quotes(body).text + " And so on." * 400, token_seconds=0.05)

    site.llm.server.script = slowly
    page = asking(reader)
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    page.keyboard.press("Escape")
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    # Over the chip, or on it, its preview would be closed first.
    page.mouse.move(0, 0)
    page.locator("textarea").focus()
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".notice", has_text="Interrupted")).to_be_visible()


def test_a_source_that_is_open_while_the_answer_is_written_learns_of_the_next_ones(
    reader: Visit, site: Site
) -> None:
    def slowly(body: dict[str, Any]) -> Reply:
        first, second = two_quotes(body).text.split(" So it", 1)
        return Reply(f"{first}{' And so on.' * 60} So it{second}", token_seconds=0.05)

    site.llm.server.script = slowly
    page = asking(reader)
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    expect(chip(page, 2)).to_have_count(0)
    ways = page.get_by_role("complementary").get_by_role("button", name="Source ")
    expect(ways).to_have_count(0)
    expect(ways).to_have_count(2)
    page.keyboard.press("]")
    expect_marked(page, site, QUOTES[1])


def test_words_without_stored_boxes_are_found_by_their_wording(reader: Visit, site: Site) -> None:
    """Citations of old, whose boxes nobody has."""
    page = asked(reader)
    turn = reader.context.request.get(
        f"{reader.url}/api/v1/conversations/{page.url.rsplit('/', 1)[1]}"
    ).json()["turns"][0]["id"]
    with closing(sqlite3.connect(site.town.server.data / "cloister.db", timeout=30)) as database:
        changed = database.execute("UPDATE citations SET rects = '[]' WHERE turn_id = ?", [turn])
        assert changed.rowcount == 2
        database.commit()
    page.reload()
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    expect(page.get_by_text("could not be marked")).to_have_count(0)


def test_in_a_window_of_medium_width_it_is_a_sheet_over_the_page(
    visiting: VisitFactory, site: Site
) -> None:
    site.llm.server.script = two_quotes
    seen = visiting(ADMINISTRATOR, viewport={"width": 960, "height": 720})
    let_probe_in(seen.context)
    page = asked(seen)
    before = page.locator("main").bounding_box()
    chip(page, 1).click()
    expect_marked(page, site, QUOTES[0])
    assert page.locator("main").bounding_box() == before
    assert page.locator("main").get_attribute("inert") is not None
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    assert seen.sideways() == 0
    assert seen.axe() == []
    seen.screenshot("viewer-medium")
    page.mouse.click(60, 400)
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(chip(page, 1)).to_be_focused()


def test_the_edge_is_moved_by_arrow_keys_and_stays(reader: Visit) -> None:
    page = asked(reader)
    chip(page, 1).click()
    edge = page.get_by_role("separator", name="Width of the source")
    before = page.locator(".source-pane").bounding_box()
    edge.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", "54")
    after = page.locator(".source-pane").bounding_box()
    assert before and after
    assert after["width"] > before["width"] + 80
    page.reload()
    chip(page, 1).click()
    expect(edge).to_have_attribute("aria-valuenow", "54")
    assert reader.sideways() == 0


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_small_screen_it_is_a_sheet_with_a_way_back(
    width: int, visiting: VisitFactory, site: Site
) -> None:
    """27: by touch, and what lies under the sheet cannot be reached."""
    site.llm.server.script = two_quotes
    viewport = {"width": width, "height": 740}
    seen = visiting(ADMINISTRATOR, viewport=viewport, has_touch=True, is_mobile=True)
    let_probe_in(seen.context)
    page = asked(seen)
    chip(page, 1).tap()
    expect_marked(page, site, QUOTES[0])
    back = page.get_by_role("button", name="Back")
    expect(back).to_be_focused()
    assert page.locator("main").get_attribute("inert") is not None
    assert seen.sideways() == 0
    assert seen.axe() == []
    seen.screenshot(f"viewer-sheet-{width}")
    back.tap()
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(chip(page, 1)).to_be_focused()


def test_a_source_is_closed_with_the_page_that_it_covers(
    visiting: VisitFactory, site: Site
) -> None:
    site.llm.server.script = two_quotes
    page = asked(visiting(ADMINISTRATOR, viewport={"width": 390, "height": 844}))
    page.get_by_role("button", name="Open the sidebar").click()
    page.get_by_role("link", name="Documents", exact=True).click()
    page.go_back()
    chip(page, 1).click()
    expect(page.locator(".source-pane")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Documents", level=1)).to_be_visible()
    expect(page.locator(".source-pane")).to_have_count(0)


def test_a_document_that_was_deleted_meanwhile_shows_nothing(reader: Visit, site: Site) -> None:
    """30, originals: a citation of what is gone opens to a calm word."""
    gone = site.town.server.ingest({"gone.txt": b"The ferry leaves at seven from the old pier."})[0]

    def ferry(body: dict[str, Any]) -> Reply:
        told = "".join(str(message.get("content")) for message in body["messages"])
        number = next((n for n, _, text in _SOURCE.findall(told) if "ferry" in text), "1")
        return Reply(f'It says <q s="{number}">The ferry leaves at seven</q>.')

    site.llm.server.script = ferry
    page = reader.open("/")
    page.locator("textarea").fill("When does the ferry leave from the old pier?")
    page.keyboard.press("Enter")
    ferry_chip = page.get_by_role("main").get_by_role("button", name="Source 1: gone.txt").first
    expect(page.locator(".answer-actions")).to_be_visible()
    assert site.town.operator.delete(f"/api/v1/documents/{gone}").status_code == 204
    ferry_chip.click()
    pane = page.locator(".source-pane")
    expect(pane.get_by_role("heading", name="This source is not available")).to_be_visible()
    expect(pane.locator("blockquote")).to_have_count(0)
