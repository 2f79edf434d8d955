"""Where a quote stands in a text: word for word, or nearly so.

Only a closed list of differences passes for nearly: articles, marks of prose, references to notes
that are left out, and an ellipsis that says itself that something is. Everything else, a name, a
number, a "not", any other word in any language, may change what is said.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import accumulate, islice

from retrieval.types import Span
from serve.answers.wording import BREAK, ELLIPSIS, NOTE, Token, tokens

_OVERLAP = 0.9
"""The share of words that a quote and its place must have in common, in the same order."""

_LONGEST_OMISSION = 300
"""In characters, of what an ellipsis in a quote may stand for."""

_MOST_PIECES = 4
_MOST_PLACES = 8
"""Of a quote with an ellipsis, and where a quote is compared more closely: time stays bounded."""

# Markdown's emphasis ends like a reference to a note.
_EMPHASIS = frozenset(f"{NOTE}{'*' * length}\2" for length in (1, 2, 3))
_OUTER_MARKS = frozenset("\"',.;:!?*_") | {ELLIPSIS} | _EMPHASIS
_PROSE_MARKS = _OUTER_MARKS | frozenset("()[]-•▪●◦‣·")
_SENTENCE_ENDS = frozenset(".!?。।॥؟۔")
_STOPS = _SENTENCE_ENDS | {ELLIPSIS}


def _words(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


# Articles and demonstratives that can be exchanged without exchanging who does what to whom; so
# none of German, where they show the case. None that is also a number.
_ARTICLES = _words(
    "the this that these those le la les ce cet cette ces el los las il gli questo questa"
)

# In a text without a word of English "par an" is a year, "a" has a meaning, and so has German "an".
_ENGLISH_ARTICLES = _words("a an")
_ENGLISH = _words("the this these those of and is to with for")

# What must not be hidden in an ellipsis: negations and exceptions.
_REVERSALS = _words(
    "not no never none nor neither nobody nothing without except unless only cannot t hardly if "
    "ne n pas non jamais aucun aucune rien personne sans sauf ni sinon excepté seulement si hormis "
    "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne außer ausser nur "
    "weder sofern wenn falls ausgenommen ausser "
    "no nunca jamás ningún ninguna ninguno nada nadie sin salvo excepto sino solo sólo "
    "mai nessun nessuno nessuna niente nulla né senza eccetto tranne soltanto se "
    "não nunca jamais nenhum nenhuma nada ninguém sem exceto senão apenas somente nem "
    "niet geen nooit niets zonder behalve tenzij alleen inte ingen aldrig ikke aldri ei nie bez "
    "nem není nu değil yok"
)
_LATIN = re.compile("[\0-\u024f\u1e00-\u1eff]*")

_NOTES = "(?: \1[^\2 ]*\2)*"


def exact_span(quote: str, text: str) -> Span | None:
    """Where a text has the wording of a quote, with or without the marks around it."""
    quoted, line = tokens(quote), _whole_line(text)
    for wanted in dict.fromkeys((quoted, _without_outer_marks(quoted))):
        for first, last in _places(wanted, line):
            return Span(line.row[first].start, line.row[last].end)
    return None


def nearly_span(quote: str, text: str) -> Span | None:
    """Where a text nearly has the wording of a quote; it is the text's own words that count there.

    A quote with an ellipsis inside stands where its pieces, of two words or more, stand in order,
    near each other, and what is left out turns nothing round.
    """
    quoted = _without_outer_marks(tokens(quote))
    if any(token.form == ELLIPSIS for token in quoted):
        return _elided_span(quoted, _whole_line(text))
    there = tokens(text)
    is_english = any(token.form in _ENGLISH for token in there)
    return _loose_span(_loose(quoted, quote, is_english), _loose(there, text, is_english))


def is_telling(quote: str) -> bool:
    """Whether a quote is long enough to be looked for where it is not said to stand."""
    words = [token for token in tokens(quote) if token.is_word]
    return len(words) >= 2 and sum(len(word.form) for word in words) >= 6


def _without_outer_marks(quoted: Sequence[Token]) -> tuple[Token, ...]:
    inner = [i for i, token in enumerate(quoted) if token.form not in _OUTER_MARKS]
    return tuple(quoted[inner[0] : inner[-1] + 1]) if inner else ()


@dataclass(frozen=True, slots=True)
class _Line:
    """Tokens in a row, a space before and after each; ``offsets`` are those of the spaces."""

    row: Sequence[Token]
    text: str
    offsets: Sequence[int]


def _line(row: Sequence[Token]) -> _Line:
    offsets = accumulate((1 + len(token.form) for token in row), initial=0)
    return _Line(row, "".join(f" {token.form}" for token in row) + " ", list(offsets))


@lru_cache(256)
def _whole_line(text: str) -> _Line:
    return _line(tokens(text))


def _places(
    wanted: Sequence[Token], line: _Line, *, begin: int = 0, loose: bool = False
) -> Iterator[tuple[int, int]]:
    """The first and the last token of each place with this wording, from token ``begin`` on."""
    if not any(token.is_word for token in wanted):
        return
    wording = " ".join(token.form for token in wanted)
    pattern = _pattern(wording, loose, BREAK in line.text or BREAK in wording)
    match = pattern.search(line.text, line.offsets[begin])
    while match:
        first = bisect_left(line.offsets, match.start())
        last = bisect_left(line.offsets, match.end()) - 1
        if line.row[first].opens and line.row[last].closes:
            yield first, last
        match = pattern.search(line.text, match.start() + 1)


@lru_cache(64)
def _pattern(wording: str, loose: bool, broken: bool) -> re.Pattern[str]:
    """Finds a wording; ``broken`` says that a hyphen at a line's end may belong to its word."""
    space = (f"(?:{_NOTES} |{BREAK})" if broken else f"{_NOTES} ") if loose else " "
    letter_end = f"{BREAK}?" if broken else ""

    def spelt(part: re.Match[str]) -> str:
        match part.group():
            case " - ":
                return f"(?: - |{BREAK})"
            case "\0":
                return f"(?:{BREAK}| - |)"
            case " ":
                return space
            case letter:
                return re.escape(letter) + (letter_end if letter.isalpha() else "")

    return re.compile(" " + re.sub(" - |.", spelt, wording, flags=re.DOTALL) + "(?= )")


@dataclass(frozen=True, slots=True)
class _Loose:
    """Tokens in a row, with the places of the articles and of what must not differ."""

    row: Sequence[Token]
    articles: frozenset[int]
    content: Sequence[int]

    def next_to(self, place: int, step: int) -> int | None:
        """The place of the next token that says something or ends a sentence, if there is one."""
        place += step
        while 0 <= place < len(self.row):
            token = self.row[place]
            says = place in self.articles or place in self.content
            if token.form in _STOPS or (says and not token.is_note):
                return place
            place += step
        return None


def _loose(row: Sequence[Token], text: str, is_english: bool) -> _Loose:
    places = range(len(row))
    articles = frozenset(i for i in places if _is_article(row, i, text, is_english))
    content = [
        i
        for i in places
        if i not in articles and not (row[i].form in _PROSE_MARKS and _is_idle(row, i))
    ]
    return _Loose(row, articles, content)


def _is_article(row: Sequence[Token], i: int, text: str, is_english: bool) -> bool:
    form = row[i].form
    if form == "l":
        return i + 1 < len(row) and row[i + 1].form == "'"
    if form not in _ENGLISH_ARTICLES:
        return form in _ARTICLES
    begins_sentence = i == 0 or row[i - 1].form in _STOPS
    # Elsewhere a capital A is a name: that of a group, a party, an annex.
    return is_english and (text[row[i].start] != "A" or form == "an" or begins_sentence)


def _loose_span(quoted: _Loose, there: _Loose) -> Span | None:
    words = [token.form for token in quoted.row if token.is_word]
    wanted = [quoted.row[i] for i in quoted.content]
    line = _line([there.row[i] for i in there.content])
    for first, last in islice(_places(wanted, line, loose=True), _MOST_PLACES):
        start = _with_articles_before(quoted, there, there.content[first])
        end = _with_articles_after(quoted, there, there.content[last])
        if start is None or end is None:
            continue
        window = [token.form for token in there.row[start : end + 1] if token.is_word]
        blocks = SequenceMatcher(None, words, window, autojunk=False).get_matching_blocks()
        common = sum(block.size for block in blocks)
        if common >= _OVERLAP * max(len(words), len(window)):
            return Span(there.row[start].start, there.row[end].end)
    return None


def _with_articles_before(quoted: _Loose, there: _Loose, start: int) -> int | None:
    """Where a place begins with articles for those that begin the quote.

    None if another word stands there, which may be a "no"; at the start of a sentence none need to.
    """
    begins = [i for i in quoted.articles if i < quoted.content[0]]
    for i in sorted(begins, reverse=True):
        before = there.next_to(start, -1)
        if before is None or there.row[before].form in _SENTENCE_ENDS:
            return start
        token = there.row[before]
        is_article = before in there.articles or token.form == quoted.row[i].form
        if not (is_article and token.opens):
            return None
        start = before
    return start


def _with_articles_after(quoted: _Loose, there: _Loose, end: int) -> int | None:
    """Where a place ends with the very articles that end the quote; None if others stand there."""
    for i in sorted(i for i in quoted.articles if i > quoted.content[-1]):
        after = there.next_to(end, 1)
        if after is None or there.row[after].form != quoted.row[i].form:
            return None
        if not there.row[after].closes:
            return None
        end = after
    return end


def _is_idle(row: Sequence[Token], i: int) -> bool:
    """Whether a mark says nothing there: between numbers it may, and a dash before one is minus."""
    after = i + 1 < len(row) and row[i + 1].has_digit
    before = i > 0 and row[i - 1].has_digit
    return not after or (not before and row[i].form != "-")


def _elided_span(quoted: Sequence[Token], line: _Line) -> Span | None:
    pieces = [_without_outer_marks(piece) for piece in _pieces(quoted)]
    if not 2 <= len(pieces) <= _MOST_PIECES or any(_is_one_word(piece) for piece in pieces):
        return None
    for first, last in _places(pieces[0], line):
        end: int | None = last
        for piece in pieces[1:]:
            end = None if end is None else _continued(end, piece, line)
        if end is not None:
            return Span(line.row[first].start, line.row[end].end)
    return None


def _is_one_word(piece: Sequence[Token]) -> bool:
    return sum(token.is_word for token in piece) < 2


def _pieces(quoted: Sequence[Token]) -> list[list[Token]]:
    """What an ellipsis, also one in brackets, divides."""
    pieces: list[list[Token]] = [[]]
    for i, token in enumerate(quoted):
        around = [t.form for t in quoted[max(0, i - 1) : i + 2]]
        if token.form == ELLIPSIS:
            pieces.append([])
        elif not (token.form in "([" and around[-1] == ELLIPSIS) and not (
            token.form in ")]" and around[0] == ELLIPSIS
        ):
            pieces[-1].append(token)
    return pieces


def _continued(last: int, piece: Sequence[Token], line: _Line) -> int | None:
    """The last token of the first place where a piece goes on after an omission."""
    for first, end in _places(piece, line, begin=last + 1):
        near = line.row[first].start - line.row[last].end <= _LONGEST_OMISSION
        return end if near and _may_be_omitted(line.row[last + 1 : first]) else None
    return None


def _may_be_omitted(omitted: Sequence[Token]) -> bool:
    """Whole sentences may be left out, and of one sentence what turns nothing round."""
    stops = [token.form in _STOPS for token in omitted]
    if any(stops):
        return stops[0] and stops[-1]
    return all(t.form not in _REVERSALS and _LATIN.fullmatch(t.form) for t in omitted)
