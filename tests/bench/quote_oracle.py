"""Whether a quote that was accepted is true: a slow second opinion, letter by letter."""

from __future__ import annotations

import re
import unicodedata

from serve.answers.citations import VerifiedQuote

_ARTICLES = re.compile(
    "the|an?|this|that|these|those|l[ae]s?|l|ce|cet|cette|ces|el|los|il|gli|questo|questa"
)
_NEGATIONS = re.compile(
    "not?|never|without|unless|except|cannot|t|ne?|pas|jamais|aucune?|sans|sauf|nicht|nie|keine?|"
    "ohne|außer|nunca|ningún|sin|salvo|excepto"
)
_ELISION = re.compile(r"[\[(]?(?:…|\.{3})[\])]?")
_WORD = re.compile(r"[^\W_]+")


def is_true(quote: str, found: VerifiedQuote) -> bool:
    """Whether a quote stands where it was found."""
    text, place = found.source.text, found.source.text[found.span.start : found.span.end]
    if found.verdict != "approximate":
        return occurs(quote, place) and occurs(quote, text)
    pieces = [piece for piece in _ELISION.split(quote) if _WORD.search(piece)]
    if len(pieces) > 1:
        return _in_order(pieces, place)
    return _differs_harmlessly(quote, place)


def occurs(quote: str, text: str) -> bool:
    """Whether all letters and digits of a quote follow each other somewhere, in whole words."""
    wanted, there = _plain(quote), _plain(text)
    first = next((i for i, c in enumerate(wanted) if c.isalnum()), None)
    if first is None:
        return False
    return any(
        _follows(wanted, first, there, start)
        for start, letter in enumerate(there)
        if letter == wanted[first]
        and not there[start - 1 : start].isalnum()
        and not re.search(r"\d[.,]?\Z", there[max(0, start - 2) : start])
    )


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")


def _follows(wanted: str, first: int, there: str, j: int) -> bool:
    """Whether ``wanted`` from ``first`` on is what stands at ``j``, marks and spaces aside."""
    i = first
    while True:
        apart, between = i, j
        while i < len(wanted) and not wanted[i].isalnum():
            i += 1
        if i == len(wanted):
            return not there[j : j + 1].isalnum() and not re.match(r"[.,]\d", there[j : j + 2])
        while j < len(there) and not there[j].isalnum():
            j += 1
        if j == len(there) or there[j] != wanted[i] or (i > apart) != (j > between):
            return False
        between_digits = there[j].isdigit() and there[between - 1 : between].isdigit()
        if between_digits and wanted[apart:i].split() != there[between:j].split():
            return False
        i, j = i + 1, j + 1


def _in_order(pieces: list[str], place: str) -> bool:
    words, at = _WORD.findall(_plain(place)), 0
    for piece in (_WORD.findall(_plain(piece)) for piece in pieces):
        starts = [i for i in range(at, len(words)) if words[i : i + len(piece)] == piece]
        if not starts:
            return False
        whole = re.search(r"[.!?]", place)
        if at and not whole and any(map(_NEGATIONS.fullmatch, words[at : starts[0]])):
            return False
        at = starts[0] + len(piece)
    return at == len(words)


def _differs_harmlessly(quote: str, place: str) -> bool:
    said = _WORD.findall(_plain(quote))
    there = _WORD.findall(_plain(re.sub(r"\[\d+\]", "", place)))
    same = [w for w in said if not _ARTICLES.fullmatch(w)] == [
        w for w in there if not _ARTICLES.fullmatch(w)
    ]
    # An article at the end is the text's own, and at the start stands in the place of another.
    edges = said[-1:] == there[-1:] and (
        said[:1] == there[:1] or bool(_ARTICLES.fullmatch(said[0]))
    )
    return same and edges and 10 * _common(said, there) >= 9 * max(len(said), len(there))


def _common(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        above = row
        row = [0]
        for i, there in enumerate(other):
            row.append(above[i] + 1 if word == there else max(row[i], above[i + 1]))
    return row[-1]
