from __future__ import annotations

import pytest

from retrieval.question_language import Expected, question_language

_ALL = {"en", "fr", "de", "es", "it", "pt", "nl", "la", "ar"}
_SHORT = ["Continue", "Thanks", "Contractors?", "Interns?", "Exemple ?", "Tarif ?", "OK", "2022?"]


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


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
@pytest.mark.parametrize("question", [*_SHORT, "Résume", "Password reset"])
def test_a_word_or_two_are_in_the_language_of_the_conversation(
    question: str, language: str
) -> None:
    expected = Expected.in_conversation(language)
    assert question_language(question, {*_ALL, language}, expected) == language


@pytest.mark.parametrize("question", _SHORT)
def test_a_word_alone_is_in_a_language_of_the_documents(question: str) -> None:
    for language in ("en", "fr"):
        assert question_language(question, _ALL, Expected.over_documents([language])) == language
    both = Expected.over_documents(["en", "fr"])
    assert question_language(question, _ALL, both) in {"en", "fr"}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Erkläre bitte genauer", "de"),
        ("Kündigungsfrist", "de"),
        ("Congés payés", "fr"),
        ("La prima?", "it"),
        ("¿Por qué?", "es"),
        ("ตัวอย่าง", "th"),
        ("休假政策", ""),
    ],
)
def test_what_the_question_itself_tells_counts_more(question: str, language: str) -> None:
    among = {*_ALL, "th"}
    assert question_language(question, among, Expected.in_conversation("en")) == language
    assert question_language(question, among, Expected.over_documents(["en"])) == language
