"""The pieces of text that a chunk takes whole: sentences, table rows, parts of overlong ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Literal

from retrieval.types import Span

CountTokens = Callable[[Sequence[str]], list[int]]
"""Tokens of each text by the embedder's tokenizer, without its special tokens."""

_CHARACTERS_PER_TOKEN = 16  # more than real text has; some tokenizers call any long word one token
_LONGEST_WORD = 40
_SLICE = 16

_WORD = re.compile(r"[^\s、，；：]+[、，；：]*|[、，；：]+")
_CLAUSE_ENDS = ",;:、，；：|–—)）؛،"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that a chunk takes whole.

    ``block`` is the index of its block, ``limit`` the most tokens of a chunk that holds it. A
    "headed" piece is text with the headings above it; its block is that of the text. A line that
    ``introduces`` what follows is better not the last of its chunk.
    """

    start: int
    end: int
    tokens: int
    block: int
    limit: int
    kind: Literal["text", "heading", "headed"] = "text"
    introduces: bool = False


def bounded_counts(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    """Tokens of each text, and never fewer than its length allows."""
    return [
        max(1, tokens, ceil(len(text) / _CHARACTERS_PER_TOKEN))
        for text, tokens in zip(texts, count_tokens(texts), strict=True)
    ]


def divided(text: str, pieces: list[Piece], count_tokens: CountTokens) -> list[Piece]:
    """Cut the pieces that no chunk can hold, at clauses, else words, else anywhere."""
    words = {
        index: list(_words(text, piece))
        for index, piece in enumerate(pieces)
        if piece.tokens > piece.limit
    }
    flat = [text[word.start : word.end] for of_piece in words.values() for word in of_piece]
    counts = iter(bounded_counts(flat, count_tokens) if flat else [])
    parts: list[Piece] = []
    for index, piece in enumerate(pieces):
        if index not in words:
            parts.append(piece)
            continue
        cut = [
            replace(
                piece,
                start=word.start,
                end=word.end,
                tokens=next(counts),
                kind="text",
                introduces=False,
            )
            for word in words[index]
        ]
        parts += _clauses(text, gaps_counted(cut))
    return parts


def _words(text: str, piece: Piece) -> Iterator[Span]:
    longest = max(1, min(_LONGEST_WORD, piece.limit // 4))
    step = max(1, min(_SLICE, longest))
    for word in _WORD.finditer(text, piece.start, piece.end):
        if word.end() - word.start() <= longest:
            yield Span(word.start(), word.end())
            continue
        for start in range(word.start(), word.end(), step):
            yield Span(start, min(start + step, word.end()))


def _clauses(text: str, words: list[Piece]) -> Iterator[Piece]:
    """Join words to parts of about equal size that end, where possible, with a clause."""
    total = sum(word.tokens for word in words)
    start = 0
    while start < len(words):
        limit = words[start].limit
        goal = total / ceil(total / limit)
        end, best, filled, taken = start, (-1, 0.0), 0, 0
        while end < len(words) and (end == start or filled + words[end].tokens <= limit):
            filled += words[end].tokens
            fit = (_break_rank(text, words[end].end, filled >= goal / 2), -abs(goal - filled))
            if fit >= best or end == start:
                best, cut, taken = fit, end, filled
            end += 1
        yield replace(words[start], end=words[cut].end, tokens=taken)
        total -= taken
        start = cut + 1


def _break_rank(text: str, end: int, long_enough: bool) -> int:
    """How good a place to cut this is: 3 after a clause, 2 after a word, 1 within, 0 too early."""
    if not long_enough:
        return 0
    if text[end - 1] in _CLAUSE_ENDS or text[end : end + 1] == "\t":
        return 3
    return 2 if not text[end : end + 1].strip() else 1


def gaps_counted(pieces: list[Piece]) -> list[Piece]:
    """Add the space before each piece to its tokens, which matters where it is endless."""
    counted = pieces[:1]
    for before, piece in pairwise(pieces):
        gap = (piece.start - before.end) // _CHARACTERS_PER_TOKEN
        counted.append(replace(piece, tokens=piece.tokens + gap) if gap else piece)
    return counted


def introductions_joined(pieces: list[Piece], most: int) -> list[Piece]:
    """Make headings, and lines that introduce something, one piece with what follows them.

    Headings in a row are joined up to ``most`` tokens.
    """
    joined: list[Piece] = []
    for piece in pieces:
        whole = _joined(joined[-1], piece, most) if joined else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(piece)
    return joined


def _joined(before: Piece, piece: Piece, most: int) -> Piece | None:
    """``piece`` with ``before`` in front, None where they do not belong together or do not fit."""
    heading = before.kind == "heading"
    if not heading and (not before.introduces or piece.introduces or piece.kind == "heading"):
        return None
    limit = min(before.limit, piece.limit)
    tokens = before.tokens + piece.tokens
    if tokens > (most if piece.kind == "heading" else limit):
        return None
    kind = before.kind
    if heading:
        kind = "heading" if piece.kind == "heading" else "headed"
    return replace(piece, start=before.start, tokens=tokens, limit=limit, kind=kind)
