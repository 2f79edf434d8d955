"""Quotes in an answer, read while it streams and checked word for word against their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from retrieval.types import Span
from serve.llm import NO_ANSWER, Source

_OPENING = re.compile(r'<q s="(\d{1,4})">')
_CLOSING = "</q>"
_LONGEST_OPENING = len('<q s="9999">')
_LONGEST_QUOTE = 4_000


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that the writer claims to have taken from source ``source``."""

    source: int
    text: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """The writer says that the sources do not hold the answer."""


class QuoteParser:
    """Splits a stream of pieces, cut anywhere, into text, quotes, and an abstention at its start.

    Text is held back for at most the length of a tag. A tag that is broken or never closed is text.
    What follows an abstention is dropped.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._at_start = True
        self._abstained = False

    def feed(self, piece: str) -> Iterator[str | Quote | Abstention]:
        """What is certain after one more piece."""
        if self._abstained:
            return
        self._pending += piece
        if self._at_start:
            beginning = self._pending.lstrip()
            if len(beginning) < len(NO_ANSWER) and NO_ANSWER.startswith(beginning):
                return
            self._at_start = False
            if beginning.startswith(NO_ANSWER):
                self._pending, self._abstained = "", True
                yield Abstention()
                return
        yield from self._read()

    def _read(self) -> Iterator[str | Quote]:
        while self._pending:
            opening = _OPENING.search(self._pending)
            if opening is None:
                yield from self._text(_certain_length(self._pending))
                return
            if opening.start():
                yield from self._text(opening.start())
                continue
            end = self._pending.find(_CLOSING, opening.end())
            if end < 0 and len(self._pending) > _LONGEST_QUOTE:
                yield from self._text(opening.end())
                continue
            if end < 0:
                return
            quote = Quote(int(opening[1]), self._pending[opening.end() : end])
            self._pending = self._pending[end + len(_CLOSING) :]
            yield quote

    def _text(self, length: int) -> Iterator[str]:
        text, self._pending = self._pending[:length], self._pending[length:]
        if text:
            yield text

    def close(self) -> Iterator[str]:
        """What is left when the stream ends."""
        yield from self._text(len(self._pending))


def _certain_length(text: str) -> int:
    """How much of a text without a whole tag cannot be the beginning of one."""
    start = text.rfind("<", max(0, len(text) - _LONGEST_OPENING))
    return len(text) if start < 0 or not _may_open(text[start:]) else start


def _may_open(tail: str) -> bool:
    return re.fullmatch(r'<(q( (s(=("(\d{1,4}("?)?)?)?)?)?)?)?', tail) is not None


@dataclass(frozen=True, slots=True)
class VerifiedQuote:
    """A quote that stands in a source at ``span`` of its text; ``verdict`` says how well."""

    source: Source
    span: Span
    verdict: Literal["exact", "relinked", "approximate"]


def verified(quote: Quote, sources: tuple[Source, ...]) -> VerifiedQuote | None:
    """Where a quote stands: in the source it names, else in another one; None if nowhere."""
    words = quote.text.strip()
    if not words:
        return None
    for source in sorted(sources, key=lambda source: source.n != quote.source):
        start = source.text.find(words)
        if start >= 0:
            verdict: Literal["exact", "relinked"]
            verdict = "exact" if source.n == quote.source else "relinked"
            return VerifiedQuote(source, Span(start, start + len(words)), verdict)
    return None
