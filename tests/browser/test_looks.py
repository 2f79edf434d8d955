"""Every state that is drawn for the pictures, judged in its two most unlike variants.

Numbers 2, 25, 26, 27 and 28 of the list of browser tests, in all states and not in some;
`make bench ARGS="--only looks"` does the same in all variants.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import states_admin, states_chat, states_documents, states_viewer
from tests.browser.screenshots import CORNERS, STATES, State, Variant, looks
from tests.browser.site import Site
from tests.browser.visit import Visit

TEXTS = Path(__file__).parents[2] / "serve" / "ui" / "src" / "i18n"
PARTS: dict[str, Sequence[State]] = {
    "administration": states_admin.STATES,
    "chat": states_chat.STATES[:12],
    "chat in trouble": states_chat.STATES[12:],
    "documents": states_documents.STATES,
    "viewer": states_viewer.STATES,
}
PARTS["others"] = [each for each in STATES if not any(each in part for part in PARTS.values())]
_TOLD = """() => {
    const told = [document.title];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    // What a program is called or set to is the same in every language.
    while (texts.nextNode())
        if (!texts.currentNode.parentElement.closest("code"))
            told.push(texts.currentNode.textContent.trim());
    for (const each of document.querySelectorAll("[aria-label], [title], [placeholder]"))
        for (const name of ["aria-label", "title", "placeholder"])
            told.push(each.getAttribute(name) ?? "");
    return told;
}"""


def plain_texts(language: str) -> set[str]:
    """The texts of a language that nothing is put into."""
    files = (TEXTS / language).glob("*.ts")
    sources = "\n".join(each.read_text(encoding="utf-8") for each in files)
    return set(re.findall(r':\s+"([^"]+)",$', sources, re.M))


ONLY_ENGLISH = plain_texts("en") - plain_texts("fr")


def faults(seen: Visit) -> list[str]:
    """What is wrong with a page as it is seen now."""
    found = seen.axe()
    if pixels := seen.sideways():
        found.append(f"scrolls sideways by {pixels} pixels")
    if not seen.composer_is_in_sight():
        found.append("the composer is out of sight")
    if seen.page.locator("html").get_attribute("lang") == "fr":
        left = ONLY_ENGLISH & set(seen.page.evaluate(_TOLD))
        found += [f"English in a French page: {each}" for each in sorted(left)]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("variant", CORNERS, ids=str)
@pytest.mark.parametrize("part", PARTS)
def test_every_state_is_sound(part: str, variant: Variant, browser: Browser, site: Site) -> None:
    found = {name: faults(seen) for name, seen in looks(browser, site, [variant], PARTS[part])}
    assert len(found) == len(PARTS[part])
    assert {name: each for name, each in found.items() if each} == {}
