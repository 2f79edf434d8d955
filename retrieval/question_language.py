"""The language of a question, which is too short for letter statistics alone."""

from __future__ import annotations

import re
from collections.abc import Collection

from retrieval.analysis import detect_language

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


def question_language(text: str, among: Collection[str]) -> str:
    """The likeliest of some languages (ISO 639-1), by function words and else by letters."""
    words = set(_WORD.findall(text.casefold()))
    votes = {
        language: len(words & set(function_words.split()))
        for language, function_words in _FUNCTION_WORDS.items()
        if language in among
    }
    best = [language for language, count in votes.items() if count and count == max(votes.values())]
    if len(best) == 1:
        return best[0]
    return detect_language(text, among)


def content_words(text: str) -> list[str]:
    """The words of a question that are no function words of any language we know them of."""
    function_words = {word for words in _FUNCTION_WORDS.values() for word in words.split()}
    return [word for word in _WORD.findall(text) if word.casefold() not in function_words]
