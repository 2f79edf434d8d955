from __future__ import annotations

import pytest

from retrieval.question_language import question_language

_ALL = {"en", "fr", "de", "es", "it", "pt", "nl", "la", "ar"}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Is explicit better than implicit?", "en"),
        ("What is the notice period?", "en"),
        ("Quel est le préavis ?", "fr"),
        ("Qui a écrit Les Misérables ?", "fr"),
        ("Combien de salariés l'entreprise compte-t-elle ?", "fr"),
        ("Was ist ein topologischer Raum?", "de"),
        ("¿Cuál es el plazo de preaviso?", "es"),
        ("Qual è il preavviso?", "it"),
        ("Wat is de opzegtermijn?", "nl"),
        ("ما هي مدة الإشعار", "ar"),
    ],
)
def test_short_questions_are_told_apart(question: str, language: str) -> None:
    assert question_language(question, _ALL) == language


def test_only_the_languages_asked_for_are_given() -> None:
    assert question_language("Quel est le préavis ?", {"en", "de"}) in {"en", "de", ""}
    assert question_language("anything", {"fr"}) == "fr"
