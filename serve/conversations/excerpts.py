"""Texts kept apart from the documents' own words in them.

What an answer quotes is stored once, in rows that go with the document. The answer itself refers to
a quote by its place, so that no copy outlives the document or is shown to someone who may not see
it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Part = str | tuple[int, int]
"""Words of the answer's own, or the place of a quote and how many characters it has."""

GAP = "[…]"
"""Stands where a quote cannot be shown."""

_SHORTEST = 20
"""A shorter quote is cut out only between its tags: its words may well be the answer's own."""


def cut(text: str, quotes: Sequence[str]) -> list[Part]:
    """A text with each quote in it replaced by its place among ``quotes``."""
    places: dict[str, int] = {}
    for place, quote in enumerate(quotes):
        if quote:
            places.setdefault(quote, place)
    if not places:
        return [text] if text else []
    longest_first = sorted(places, key=len, reverse=True)
    pattern = re.compile("|".join(map(_pattern, longest_first)))
    parts: list[Part] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [text[end : match.start()], (places[match[0]], len(match[0]))]
        end = match.end()
    return [part for part in [*parts, text[end:]] if part]


def _pattern(quote: str) -> str:
    escaped = re.escape(quote)
    return escaped if len(quote) >= _SHORTEST else f"(?<=>){escaped}(?=</q>)"


def own_words(parts: Sequence[Part]) -> str:
    """A text without its quotes."""
    return " ".join(part for part in parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Restored:
    """A text with its quotes again; ``complete`` if none is missing.

    ``edges`` are pairs of offsets, in the text as it was and as it is now.
    """

    text: str
    complete: bool
    edges: tuple[tuple[int, int], ...]

    def moved(self, offset: int) -> int:
        """Where an offset of the text as it was lies now."""
        i = bisect_right(self.edges, offset, key=lambda edge: edge[0]) - 1
        before, now = self.edges[i]
        following = self.edges[i + 1][1] if i + 1 < len(self.edges) else len(self.text)
        return min(now + offset - before, following)


def restored(parts: Sequence[Part], quotes: Mapping[int, str]) -> Restored:
    """A text with those of its quotes that may be shown, and gaps for the others."""
    pieces: list[str] = []
    edges = [(0, 0)]
    complete = True
    for part in parts:
        before, now = edges[-1]
        if isinstance(part, str):
            length, piece = len(part), part
        else:
            length, piece = part[1], quotes.get(part[0], GAP)
            complete = complete and part[0] in quotes
        pieces.append(piece)
        edges.append((before + length, now + len(piece)))
    return Restored("".join(pieces), complete, tuple(edges))
