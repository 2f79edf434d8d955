"""How much of the program a browser asks for, and when: what counts is what it asks for in fact."""

from __future__ import annotations

from tests.browser.chat import FOREIGN, answered, ask
from tests.browser.conftest import VisitFactory
from tests.browser.scripts import gzipped_bytes, scripts_asked
from tests.browser.site import ADMINISTRATOR, READER, STEPS
from tests.browser.uploads import drag_over
from tests.browser.visit import Visit
from tests.fixtures.waiting import until

MOST_BYTES = 150_000
MOST_WITH_MARKDOWN = 170_000


def names(seen: Visit) -> set[str]:
    """The scripts of a visit, without what tells one build from another."""
    return {each.name.split("-")[0] for each in scripts_asked(seen)}


def test_the_first_load_is_small(visiting: VisitFactory) -> None:
    """At rest, so that what is fetched ahead of need counts as well; without a session, too."""
    for person, path in ((ADMINISTRATOR, "/"), (READER, "/"), (None, "/")):
        seen = visiting(person)
        seen.open(path)
        scripts = scripts_asked(seen)
        assert scripts
        size = gzipped_bytes(scripts)
        assert size <= MOST_BYTES, f"{size} bytes: {sorted(each.name for each in scripts)}"


def test_a_conversation_brings_markdown_too_and_the_viewer_only_for_its_sources(
    visiting: VisitFactory,
) -> None:
    asking, again, abstained = (visiting(ADMINISTRATOR) for _ in range(3))
    page = asking.open("/")
    ask(page, STEPS)
    answered(page)
    again.open(page.url.removeprefix(asking.url))
    until(lambda: all(names(seen) >= {"AnswerText", "PdfView"} for seen in (asking, again)))
    ask(abstained.open("/"), FOREIGN)
    answered(abstained.page)
    assert "PdfView" not in names(abstained)
    assert gzipped_bytes(scripts_asked(abstained)) <= MOST_WITH_MARKDOWN


def test_what_the_page_may_need_next_comes_with_the_first_sign_of_a_person(
    visiting: VisitFactory,
) -> None:
    later = {"AnswerText", "DropZone", "Tray"}
    typing, dropping = visiting(ADMINISTRATOR), visiting(ADMINISTRATOR)
    for seen in (typing, dropping):
        seen.open("/")
        assert names(seen) & later == set()
    typing.page.locator(".composer textarea").press_sequentially("H")
    until(lambda: names(typing) & later == later)
    drag_over(dropping.page, {"one.txt": "One."})
    until(lambda: names(dropping) & later == {"DropZone", "Tray"})
