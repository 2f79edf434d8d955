from __future__ import annotations

import re
from string import Formatter
from typing import get_args

import pytest

from serve.answers.phrases import Phrase, phrase, why
from tests.serve.test_prompt import OFFICIAL

NAMES: tuple[Phrase, ...] = get_args(Phrase)
# The scripts of languages that are not written in Latin letters.
SCRIPTS = {"hi": "[\u0900-\u097f]", "th": "[\u0e00-\u0e7f]"}


def fields(text: str) -> list[str | None]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def test_a_phrase_is_in_the_language_asked_for_or_in_english() -> None:
    assert phrase("not_in_documents", "fr") == "Les documents ne contiennent pas la réponse."
    assert phrase("not_in_documents", "xx") == phrase("not_in_documents", "en")
    assert phrase("not_in_documents", "") == phrase("not_in_documents", "en")


@pytest.mark.parametrize("language", OFFICIAL)
@pytest.mark.parametrize("name", NAMES)
def test_the_official_languages_of_llama_have_phrases_of_their_own(
    name: Phrase, language: str
) -> None:
    said = phrase(name, language)
    assert fields(said) == fields(phrase(name, "en"))
    if language != "en" and name not in ("page", "quoted", "sources"):
        assert said != phrase(name, "en")
    if name != "quoted":
        assert re.search(SCRIPTS.get(language, "[A-Za-z]"), said)


def test_an_error_is_told_in_french_where_the_answer_is() -> None:
    assert why("llm_busy", "The server is busy.", "en") == "The server is busy."
    assert why("llm_busy", "The server is busy.", "fr").startswith("Le modèle")
    assert why("brand_new", "Something else.", "fr") == "Something else."
