"""No language model is set up: answers are the documents' own sentences, and the page says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

import ui_build
from tests.browser.chat import FOREIGN, answered, ask, is_sound
from tests.browser.site import ADMINISTRATOR, LIGHTHOUSE, QUOTE, STEPS
from tests.browser.visit import visit
from tests.conftest import ServerFactory
from tests.fixtures.people import Town


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    ui_build.build()
    made = Town(module_server())
    made.server.ingest({"lighthouse.txt": LIGHTHOUSE})
    [collection] = made.operator.get("/api/v1/collections").json()["items"]
    made.granted(collection["id"], made.person(ADMINISTRATOR, administrator=True), "reader")
    yield made
    made.close()


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_answers_are_sentences_of_the_documents(browser: Browser, town: Town, locale: str) -> None:
    seen = visit(browser, town, locale=locale)
    seen.sign_in(ADMINISTRATOR)
    page = seen.open("/")
    told = {"en-GB": "no language model is set up", "fr-FR": "aucun modèle de langage"}[locale]
    expect(page.locator(".footing")).to_contain_text(told)
    expect(page.get_by_text("Built with Llama")).to_have_count(0)
    ask(page, STEPS)
    answer = answered(page)
    expect(answer.locator(".prose")).to_contain_text(QUOTE)
    expect(answer.locator(".notice")).to_have_count(0)
    is_sound(seen)
    answer.locator(".chip").first.click()
    expect(page.locator(".source-pane mark")).to_have_text(f"{QUOTE}.")
    ask(seen.open("/"), FOREIGN)
    answered(page)
    expect(page.locator(".abstained")).to_be_visible()
    is_sound(seen)
    assert seen.foreign() == []
    assert seen.complaints == []
    seen.context.close()
