"""Finds passages that speak to a language model rather than to a reader.

They are only marked: whoever reads the answers decides what to make of them. The text is folded
before it is looked at, so that accents, letters of other alphabets and invisible characters make
no difference.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from ingest.instruction_phrases import IN_SIGNS, IN_WORDS, Phrases
from retrieval.types import Flag, FlagCode, Page, Span

MOST_FLAGS = 200
"""Of one document; a text that is made of them is marked well enough by so many."""

_GAP = r"(?:[\W_]{1,8})"
_LETTERS_APART = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-*_]{1,3}){7,}[^\W_](?![^\W_])")
_TAGS = range(0xE0020, 0xE007F)
_LOOK_ALIKES = dict(zip(map(ord, "аеорсхуіјѕԁԛԝһӏοανιρκυ"), "aeopcxyijsdqwhloavipku", strict=True))


class _Folding(dict[int, str]):
    """What stands for each character: small letters without accents, nothing if invisible."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = self._folded(code)
        return folded

    @staticmethod
    def _folded(code: int) -> str:
        if code in _TAGS:
            # Invisible twins of ASCII, in which a text can be hidden.
            return chr(code - 0xE0000).casefold()
        plain = unicodedata.normalize("NFKD", chr(code)).casefold()
        seen = (c for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
        return "".join(_LOOK_ALIKES.get(ord(c), c) for c in seen)


_FOLDING = _Folding()

_Mark = tuple[int, int, FlagCode]
"""Start and end in folded text, and what it is."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Phrases ready to be searched for; ``apart`` is for words whose letters were drawn apart."""

    code: FlagCode
    cues: tuple[str, ...]
    pattern: re.Pattern[str]
    apart: re.Pattern[str] | None = None

    def is_worth_while(self, folded: str) -> bool:
        """Whether a text holds a cue: far cheaper to find out than whether it holds a phrase."""
        return any(cue in folded for cue in self.cues)


def _in_words(phrases: Phrases) -> _Rule:
    words = "|".join(phrases.alternatives)
    pattern = rf"(?<![a-z0-9])(?:{words.replace(' ', _GAP)})(?![a-z0-9])"
    apart = re.compile(words.replace(" ", "(?:)"))
    return _Rule(phrases.code, tuple(phrases.cues.split()), re.compile(pattern), apart)


def _in_signs(phrases: Phrases) -> _Rule:
    pattern = re.compile("|".join(phrases.alternatives))
    return _Rule(phrases.code, tuple(phrases.cues.split()), pattern)


_RULES = (*map(_in_words, IN_WORDS), *map(_in_signs, IN_SIGNS))


def instructions_in(pages: Iterable[Page]) -> tuple[Flag, ...]:
    """The passages that speak to a language model, in order, at most ``MOST_FLAGS`` of them."""
    found: list[Flag] = []
    for page in pages:
        found += _flags_of(page)
        if len(found) >= MOST_FLAGS:
            break
    return tuple(found[:MOST_FLAGS])


def _flags_of(page: Page) -> list[Flag]:
    folded = page.text.translate(_FOLDING)
    marks = sorted({*_marks(folded), *_marks_of_letters_apart(folded)})
    if not marks:
        return []
    ends = list(accumulate(len(_FOLDING[ord(c)]) for c in page.text))
    flags: list[Flag] = []
    covered = dict[str, int]()
    for start, end, code in marks:
        if start >= covered.get(code, 0):
            covered[code] = end
            span = Span(bisect_right(ends, start), bisect_right(ends, end - 1) + 1)
            flags.append(Flag(code, page.number, span))
    return flags


def _marks(folded: str) -> Iterator[_Mark]:
    for rule in _RULES:
        if rule.is_worth_while(folded):
            for match in rule.pattern.finditer(folded):
                yield match.start(), match.end(), rule.code


def _marks_of_letters_apart(folded: str) -> Iterator[_Mark]:
    for run in _LETTERS_APART.finditer(folded):
        places = [i for i in range(run.start(), run.end()) if folded[i].isalnum()]
        word = "".join(folded[i] for i in places)
        for rule in _RULES:
            if rule.apart:
                for match in rule.apart.finditer(word):
                    yield places[match.start()], places[match.end() - 1] + 1, rule.code
