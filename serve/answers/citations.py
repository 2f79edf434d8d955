"""Quotes in an answer, read while it streams and checked word for word against their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.types import Span
from serve.answers.llm import NO_ANSWER, Source
from serve.answers.quote_match import exact_span, is_telling, nearly_span

_LONGEST_QUOTE = 1_200
_SHORTEST_UNFINISHED = 20
"""In characters, of the beginning of a quote that is worth checking when the stream ends in it."""

# Models write ' for ", leave it out, or add spaces: of all that stands in an opening tag only the
# first number counts. A tag that echoes the prompt's <src ...> is a tag as well.
_BEGUN_TAG = re.compile(
    r"""<\s{0,3}(?P<end>/?)\s{0,3}
    (?:(?P<inside>q(?![\w-])[^<>]{0,60}|src(?![\w-])[^<>]{0,300})|sr?)?""",
    re.IGNORECASE | re.VERBOSE,
)
_BROKEN_TAG = re.compile(
    r"""<\s{0,3}(?:(?P<end>/)\s{0,3}q
    |q(?:(?:\s{1,3}[a-z]{1,8}\s{0,3}=\s{0,3}["'“”]?\d{0,4}["'“”]?)+|\s*\Z)
    |/?\s{0,3}src(?:\s{1,3}[a-z]{1,8}\s{0,3}=\s{0,3}(?:"[^"]*"?|\w*))*)""",
    re.IGNORECASE | re.VERBOSE,
)
_CUT_TAG = re.compile(
    r"<\s{0,3}(?:/|/?\s{0,3}(?:sr?|src.*)|q(?:\s{1,3}[sn]?\s{0,3})?)", re.IGNORECASE | re.DOTALL
)
_NUMBER = re.compile(r"\d{1,4}")

_BEGINNINGS = "|".join(re.escape(NO_ANSWER[:n]) for n in range(len(NO_ANSWER) - 1, 0, -1))
_ABSTAINS = re.compile(rf"[\"'*`]{{0,3}}{NO_ANSWER}", re.IGNORECASE)
_MAY_ABSTAIN = re.compile(rf"[\"'*`]{{0,3}}(?:{_BEGINNINGS})?\Z", re.IGNORECASE)

_INSIDE_BRACKETS = r"[\s\d,;^–-]"
_NEVER_SHOWN = re.compile(
    rf"{NO_ANSWER}|[\[［【](?={_INSIDE_BRACKETS}*\d)({_INSIDE_BRACKETS}{{1,40}})[\]］】]",
    re.IGNORECASE,
)
_MAY_BECOME_SO = re.compile(
    rf"(?:{_BEGINNINGS}|[\[［【]{_INSIDE_BRACKETS}{{0,40}})\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that the writer claims to have taken from source ``source``; 0 if it names none."""

    source: int
    text: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """The writer says that the sources do not hold the answer."""


Part = str | Quote | Abstention


class QuoteParser:
    """Splits a stream of pieces, cut anywhere, into text, quotes, and an abstention at its start.

    What comes out does not depend on the cuts. Text is held back for at most the length of a tag
    and never holds a tag of the protocol, whole or broken, nor ``NO_ANSWER``, nor a number in
    brackets, which would look like a checked citation: [3] becomes (3).

    A quote ends at its closing tag, at the opening tag of the next one, or after 1,200 characters,
    beyond which its words are text. One in which the stream ends gives its whole words, or nothing
    if they are few. What follows an abstention is dropped.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._prose = _Prose()
        self._open: int | None = None
        self._body = ""

    def feed(self, piece: str) -> Iterator[Part]:
        """What is certain after one more piece."""
        self._pending += piece
        yield from _joined(self._read(final=False))

    def close(self) -> Iterator[Part]:
        """What is left when the stream ends."""
        yield from _joined(self._rest())

    def _rest(self) -> Iterator[Part]:
        yield from self._read(final=True)
        if self._open is not None:
            self._body = _whole_words(self._body)
            if len(self._body) >= _SHORTEST_UNFINISHED:
                yield from self._quote_ends()
        yield from self._prose.flushed()

    def _read(self, *, final: bool) -> Iterator[Part]:
        text, self._pending = self._pending, ""
        place = 0
        while begun := _BEGUN_TAG.search(text, place):
            yield from self._words(text[place : begun.start()])
            place = begun.end()
            if begun["inside"] and text[place : place + 1] == ">":
                place += 1
                yield from self._tag(begun["end"] + begun["inside"])
            elif place == len(text) and not final:
                self._pending = begun.group()
                return
            elif place == len(text) and _CUT_TAG.fullmatch(begun.group()):
                break
            elif broken := _BROKEN_TAG.match(begun.group()):
                if broken["end"]:
                    yield from self._quote_ends()
                place = begun.start() + broken.end()
            else:
                yield from self._words("<")
                place = begun.start() + 1
        yield from self._words(text[place:])

    def _tag(self, inside: str) -> Iterator[Part]:
        if inside.lstrip("/")[0] in "qQ":
            yield from self._quote_ends()
        if inside[0] in "qQ":
            number = _NUMBER.search(inside)
            self._open = int(number[0]) if number else 0
            if inside.rstrip().endswith("/"):
                yield from self._quote_ends()

    def _words(self, words: str) -> Iterator[Part]:
        if self._open is None:
            yield from self._prose.feed(words)
            return
        self._body += words
        if len(self._body) > _LONGEST_QUOTE:
            written = self._body
            self._body = _whole_words(written[:_LONGEST_QUOTE])
            beyond = written[len(self._body) :]
            yield from self._quote_ends()
            yield from self._prose.feed(beyond)

    def _quote_ends(self) -> Iterator[Part]:
        if self._open is None:
            return
        quote = Quote(self._open, self._body)
        # It is over, whatever becomes of it.
        self._open, self._body = None, ""
        yield from self._prose.flushed()
        if not self._prose.abstained:
            yield quote


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, neighbouring texts as one."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text


def quoted_sources(written: str) -> set[int]:
    """The numbers of the sources that the quotes of a whole text name."""
    parser = QuoteParser()
    parts = [*parser.feed(written), *parser.close()]
    return {part.source for part in parts if isinstance(part, Quote)}


class _Prose:
    """The text between quotes, without what must not be shown."""

    def __init__(self) -> None:
        self._held = ""
        self._at_start = True
        self.abstained = False

    def feed(self, words: str) -> Iterator[str | Abstention]:
        """What is certain after more words."""
        self._held += words
        if self._at_start:
            self._held = self._held.lstrip()
        if self._at_start and _MAY_ABSTAIN.match(self._held):
            return
        yield from self._started()
        uncertain = _MAY_BECOME_SO.search(self._held)
        yield from self._released(uncertain.start() if uncertain else len(self._held))

    def flushed(self) -> Iterator[str | Abstention]:
        """All that is held, where a quote or the end of the stream follows."""
        yield from self._started()
        self._held = _ended(self._held)
        yield from self._released(len(self._held))

    def _started(self) -> Iterator[Abstention]:
        if self._at_start and not self.abstained:
            self._at_start = False
            if _ABSTAINS.match(self._held):
                self.abstained = True
                yield Abstention()

    def _released(self, length: int) -> Iterator[str]:
        text, self._held = self._held[:length], self._held[length:]
        text = _NEVER_SHOWN.sub(_shown_instead, text)
        if text and not self.abstained:
            yield text


def as_shown(quote: str) -> str:
    """The words of a quote as text shows them where they are said before it."""
    return _NEVER_SHOWN.sub(_shown_instead, _ended(f"{quote} "))[:-1]


def _ended(text: str) -> str:
    """A text whose end cannot become what is not to be shown, on the other side of a quote."""
    uncertain = _MAY_BECOME_SO.search(text)
    if uncertain is None:
        return text
    tail = uncertain.group()
    kept = f"({tail[1:]}" if tail[0] in "[［【" else "" if "_" in tail else tail
    return text[: uncertain.start()] + kept


def _shown_instead(found: re.Match[str]) -> str:
    # A space keeps what stands on both sides from becoming the same again.
    return f"({found[1]})" if found[1] else " "


def _whole_words(cut: str) -> str:
    """A text without its last word, of which there may have been more."""
    if not cut[-1:].isalnum():
        return cut
    whole = cut.rstrip().rsplit(maxsplit=1)
    return whole[0] if len(whole) > 1 else cut


@dataclass(frozen=True, slots=True)
class VerifiedQuote:
    """A quote that stands in a source at ``span`` of its text; ``verdict`` says how well."""

    source: Source
    span: Span
    verdict: Literal["exact", "relinked", "approximate"]


def verified(quote: Quote, sources: Sequence[Source]) -> VerifiedQuote | None:
    """Where a quote stands: word for word in the source it names, else so in another one, else
    nearly so in the source it names; None if nowhere.

    One word, or fewer than six letters, must stand in the source that is named.
    """
    named = [source for source in sources if source.n == quote.source]
    for source in named:
        if span := exact_span(quote.text, source.text):
            return VerifiedQuote(source, span, "exact")
    if not is_telling(quote.text):
        return None
    for source in sources:
        if source.n != quote.source and (span := exact_span(quote.text, source.text)):
            return VerifiedQuote(source, span, "relinked")
    for source in named:
        if span := nearly_span(quote.text, source.text):
            return VerifiedQuote(source, span, "approximate")
    return None
