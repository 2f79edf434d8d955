"""The language of a question, which is too short for letter statistics alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.analysis import language_confidences

# The commonest words that questions are built with; one that two languages share votes for both.
_FUNCTION_WORDS = {
    "en": "a an and are can did do does for from how in is it many much of on or than that the "
    "there these this to was were what when where which who whom whose why will with",
    "fr": "a à au aux avec ce ces comment combien dans de des du elle en est et il la le les leur "
    "ont où par pour pourquoi qu quand que quel quelle quelles quels qui sont sur un une",
    "de": "auf aus bei das dem den der des die ein eine einem einen er für gibt hat im in ist "
    "kann man mit sie sind und von wann war warum was welche welcher welches wer wie wird wo zu",
    "es": "a al como con cuál cuáles cuándo cuánto cuántos cómo de del dónde el en era es está "
    "la las los para por qué que quién se son un una y",
    "it": "a al che chi come con cosa da dei del della di dove e il in la le lo nel per perché "
    "qual quale quali quando quanti quanto sono un una è",
    "pt": "a ao as com como da de do dos e em foi como o os onde para por porque qual quais "
    "quando quanto quantos que quem são um uma é",
    "nl": "aan de een en er het hoe hoeveel in is kan met naar om op te van voor waar waarom was "
    "wanneer wat welke wie wordt zijn",
}
_WORD = re.compile(r"[^\W\d_]+")


_LATIN = re.compile("[\0-\u024f\u1e00-\u1eff]*")


@dataclass(frozen=True, slots=True)
class Expected:
    """Languages that a question likely has, the likeliest first, if its function words do not tell.

    Its letters tell where they leave less than ``doubt``, between 0 and 1: in a word or two they
    may show any language.
    """

    languages: Sequence[str] = ()
    doubt: float = 1.0

    @classmethod
    def in_conversation(cls, language: str) -> Expected:
        """People seldom change the language of a conversation in one word."""
        return cls((language,), doubt=0.03)

    @classmethod
    def over_documents(cls, languages: Sequence[str]) -> Expected:
        """People often ask for documents in another language than theirs."""
        return cls(languages, doubt=0.2)


def question_language(text: str, among: Collection[str], expected: Expected | None = None) -> str:
    """The likeliest of some languages (ISO 639-1), by function words and else by letters.

    Where letters leave too much doubt it is an expected one. "" if nothing tells.
    """
    if len(among) == 1:
        return next(iter(among))
    words = set(_WORD.findall(text.casefold()))
    votes = {
        language: len(words & set(function_words.split()))
        for language, function_words in _FUNCTION_WORDS.items()
        if language in among
    }
    most = max(votes.values(), default=0)
    best = [language for language, count in votes.items() if count and count == most]
    if len(best) == 1:
        return best[0]
    expected = expected or Expected()
    likely = [each for each in expected.languages if votes.get(each, most) == most]
    confidences = {
        language: confidence
        for language, confidence in language_confidences(text).items()
        if language in among
    }
    first, confidence = next(iter(confidences.items()), ("", 0.0))
    if 1.0 - confidence < expected.doubt:
        return first
    # All write a word in Latin letters now and then.
    is_anything = not most and all(map(_LATIN.fullmatch, words))
    possible = [*confidences, *likely[:is_anything]]
    return next((language for language in possible if language in likely), first)


def content_words(text: str) -> list[str]:
    """The words of a question that are no function words of any language we know them of."""
    function_words = {word for words in _FUNCTION_WORDS.values() for word in words.split()}
    return [word for word in _WORD.findall(text) if word.casefold() not in function_words]
