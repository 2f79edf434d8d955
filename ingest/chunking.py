"""Pages to chunks: pieces of one page on sentence borders, small enough to be embedded whole.

A page's blocks become *pieces* (a sentence, a table row, or a part of one that is too long), the
pieces of one block or one table a *paragraph*, and paragraphs are packed into chunks near the
target size. A paragraph is divided only where it does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from ingest.pages import Block, ParsedPage
from ingest.pieces import (
    CountTokens,
    Piece,
    bounded_counts,
    divided,
    gaps_counted,
    introductions_joined,
)
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk, Span


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """Sizes in tokens of the embedder.

    A chunk aims at ``target`` and never passes ``maximum``; from ``minimum`` on it may end at a
    paragraph border. These three hold for English and grow by up to ``stretch`` for a language
    that the tokenizer cuts finer, so that a chunk says about as much in each. Text and header
    together fit ``window``, which is what the embedder reads apart from its special tokens; a
    header longer than ``header`` is shortened.
    """

    target: int = 100
    minimum: int = 64
    maximum: int = 160
    stretch: float = 1.5
    window: int = 254
    header: int = 96

    def within(self, window: int) -> ChunkSize:
        """The sizes for an embedder that reads ``window`` tokens: smaller ones if it reads less."""
        share = window / self.window
        if share >= 1:
            return self
        return replace(
            self,
            target=round(self.target * share),
            minimum=round(self.minimum * share),
            maximum=round(self.maximum * share),
            header=round(self.header * share),
            window=window,
        )

    def stretched(self, factor: float) -> ChunkSize:
        """The sizes for text that takes ``factor`` times the tokens of English."""
        factor = min(max(factor, 1.0), self.stretch)
        return replace(
            self,
            target=round(self.target * factor),
            minimum=round(self.minimum * factor),
            maximum=round(self.maximum * factor),
        )


_TOKENS_PER_CHARACTER = 0.206
"""Of English prose, by the tokenizers of BERT and its kin."""

_SAMPLE = 200
_DIGIT = re.compile(r"\d")

_LONGEST_TITLE = 60
"""In characters, of a line that is taken for a title where the format marks none."""


@dataclass(frozen=True, slots=True)
class _Header:
    section: tuple[str, ...]
    table_header: str
    tokens: int


def chunks(
    parsed: ParsedPage,
    *,
    document_name: str,
    language: str,
    count_tokens: CountTokens,
    size: ChunkSize,
) -> list[Chunk]:
    """Return the chunks of one page: in order, without overlap, covering all its text.

    ``chunk.text`` is the page's text at ``chunk.span``, verbatim. ``count_tokens`` is called once
    for the page, and once more if a sentence is longer than a chunk. A chunk that continues a
    table carries its header row; the section is that of the chunk's first block of text.
    """
    text = parsed.page.text
    blocks = _all_blocks(parsed)
    spans = [(index, span) for index, block in enumerate(blocks) for span in _spans(text, block)]
    if not spans:
        return []
    labels = sorted({label for block in blocks for label in (*block.section, block.table_header)})
    sentences = [text[span.start : span.end] for _, span in spans]
    counts = bounded_counts([*sentences, *labels, document_name], count_tokens)
    label_tokens = dict(zip(labels, counts[len(spans) : -1], strict=True))
    size = size.stretched(_fineness(sentences, counts))
    headers = [_header(block, counts[-1], label_tokens, size) for block in blocks]

    pieces = [
        Piece(
            span.start,
            span.end,
            tokens,
            index,
            max(min(size.maximum, size.window - headers[index].tokens), size.minimum),
            "heading" if blocks[index].kind == "heading" else "text",
            _introduces(text, span, blocks[index]),
        )
        for (index, span), tokens in zip(spans, counts, strict=False)
    ]
    pieces = divided(text, pieces, count_tokens)
    pieces = introductions_joined(gaps_counted(pieces), size.minimum)
    runs = _packed(_paragraphs(text, pieces, blocks), size)
    return [
        _chunk(parsed, run, blocks, headers, language) for run in _crumbs_joined(runs, size.minimum)
    ]


def _all_blocks(parsed: ParsedPage) -> list[Block]:
    """The page's blocks, and a paragraph for each stretch of text that none of them covers."""
    text = parsed.page.text
    blocks: list[Block] = []
    end = 0
    section: tuple[str, ...] = ()
    for block in parsed.blocks:
        if text[end : block.start].strip():
            blocks.append(Block(end, block.start, section=section))
        blocks.append(block)
        end, section = block.end, block.section
    if text[end:].strip():
        blocks.append(Block(end, len(text), section=section))
    return blocks


def _spans(text: str, block: Block) -> list[Span]:
    content = text[block.start : block.end]
    if block.kind == "paragraph":
        return [
            Span(block.start + span.start, block.start + span.end)
            for span in sentence_spans(content)
        ]
    end = block.start + len(content.rstrip())
    start = end - len(content.strip())
    return [Span(start, end)] if start < end else []


def _fineness(sentences: Sequence[str], counts: Sequence[int]) -> float:
    """How many times the tokens of English the text takes; numbers are long in any language."""
    worded = [
        (len(sentence), tokens)
        for sentence, tokens in zip(sentences, counts, strict=False)
        if not _DIGIT.search(sentence)
    ]
    characters = sum(length for length, _ in worded)
    if characters < _SAMPLE:
        return 1.0
    return sum(tokens for _, tokens in worded) / characters / _TOKENS_PER_CHARACTER


def _introduces(text: str, span: Span, block: Block) -> bool:
    """Whether a line ends with a colon, or is short and no sentence, like a title."""
    if block.kind != "paragraph" or text[span.end : span.end + 1].strip("\r\n"):
        return False
    last = text[span.end - 1]
    begins_line = span.start == block.start or text[span.start - 1] in "\r\n"
    short = span.end - span.start <= _LONGEST_TITLE
    return last in ":：" or (begins_line and short and (last.isalnum() or last == ")"))


def _header(
    block: Block, name_tokens: int, label_tokens: dict[str, int], size: ChunkSize
) -> _Header:
    """The section path and table header of a chunk of ``block``, within the budget.

    What does not fit goes: outer headings first, then the ends of the table header and of the
    innermost heading.
    """
    room = budget = max(size.header - name_tokens, size.header // 3)
    section: list[str] = []
    if block.section:
        innermost, used = _shortened(block.section[-1], label_tokens, room // 2)
        section.append(innermost)
        room -= used
    table_header, used = _shortened(block.table_header, label_tokens, room)
    room -= used
    for heading in reversed(block.section[:-1]):
        if label_tokens[heading] >= room:
            break
        section.insert(0, heading)
        room -= label_tokens[heading] + 1
    return _Header(tuple(section), table_header, name_tokens + budget - room)


def _shortened(label: str, label_tokens: dict[str, int], most: int) -> tuple[str, int]:
    if not label:
        return "", 0
    tokens = label_tokens[label]
    if tokens <= most:
        return label, tokens
    cut = label[: len(label) * most // tokens]
    return " ".join(cut.split()[:-1]) or cut, most


def _paragraphs(text: str, pieces: list[Piece], blocks: list[Block]) -> list[list[Piece]]:
    """Group pieces that had better stay together: those of one paragraph, the rows of a table."""
    paragraphs: list[list[Piece]] = [pieces[:1]] if pieces else []
    for before, piece in pairwise(pieces):
        one_line = before.block == piece.block and not _breaks_line(text, before.end, piece.start)
        if one_line or _one_table(blocks, before, piece):
            paragraphs[-1].append(piece)
        else:
            paragraphs.append([piece])
    return paragraphs


def _one_table(blocks: list[Block], before: Piece, piece: Piece) -> bool:
    above, row = blocks[before.block], blocks[piece.block]
    if above.kind != "row" or row.kind != "row" or piece.kind != "text":
        return False
    return row.table_header != "" and above.table_header in ("", row.table_header)


def _breaks_line(text: str, start: int, end: int) -> bool:
    return "\n" in text[start:end] or "\r" in text[start:end]


def _packed(paragraphs: list[list[Piece]], size: ChunkSize) -> list[list[Piece]]:
    """Fill chunks with whole paragraphs, dividing those that are too long for one."""
    packed: list[list[Piece]] = []
    current: list[Piece] = []
    filled, limit = 0, size.maximum
    for paragraph in paragraphs:
        tokens = sum(piece.tokens for piece in paragraph)
        narrowest = min(piece.limit for piece in paragraph)
        if current and _closes(filled, paragraph, tokens, min(limit, narrowest), size):
            packed.append(current)
            current, filled, limit = [], 0, size.maximum
        current.extend(paragraph)
        filled, limit = filled + tokens, min(limit, narrowest)
        if filled > limit:
            *full, current = _shared_out(current, filled, limit, size.target)
            packed += full
            filled = sum(piece.tokens for piece in current)
            limit = min(piece.limit for piece in current)
    return [*packed, current] if current else packed


def _closes(filled: int, paragraph: list[Piece], tokens: int, limit: int, size: ChunkSize) -> bool:
    """Whether a chunk of ``filled`` tokens ends before ``paragraph`` of ``tokens``."""
    if filled < size.minimum:
        return False
    grown = filled + tokens
    nearer_without = grown - size.target > size.target - filled
    return paragraph[0].kind != "text" or grown > limit or nearer_without


def _shared_out(run: list[Piece], total: int, limit: int, target: int) -> list[list[Piece]]:
    """Divide pieces among chunks of about equal size; the last one may still grow."""
    shares: list[list[Piece]] = []
    start = 0
    while start < len(run):
        goal = total / max(ceil(total / limit), round(total / target))
        end, filled = start + 1, run[start].tokens
        while end < len(run):
            grown = filled + run[end].tokens
            if grown > limit or grown - goal > goal - filled:
                break
            filled, end = grown, end + 1
        shares.append(run[start:end])
        total -= filled
        start = end
    return shares


def _crumbs_joined(runs: list[list[Piece]], minimum: int) -> list[list[Piece]]:
    """Join what is too short to be found by itself to the chunk before it."""
    joined: list[list[Piece]] = []
    for run in runs:
        tokens = sum(piece.tokens for piece in run)
        if joined and tokens < minimum // 2:
            whole = [*joined[-1], *run]
            if sum(piece.tokens for piece in whole) <= min(piece.limit for piece in whole):
                joined[-1] = whole
                continue
        joined.append(run)
    return joined


def _chunk(
    parsed: ParsedPage,
    run: list[Piece],
    blocks: list[Block],
    headers: list[_Header],
    language: str,
) -> Chunk:
    span = Span(run[0].start, run[-1].end)
    text = next((piece for piece in run if piece.kind != "heading"), run[0])
    return Chunk(
        page=parsed.page.number,
        span=span,
        text=parsed.page.text[span.start : span.end],
        section=headers[text.block].section,
        language=language,
        table_header=_missing_table_header(run, blocks, headers),
    )


def _missing_table_header(run: list[Piece], blocks: list[Block], headers: list[_Header]) -> str:
    """The header of the first table whose rows are in the chunk and whose header row is not."""
    header_row_seen = False
    for piece in run:
        block = blocks[piece.block]
        if block.kind != "row":
            header_row_seen = False
        elif not block.table_header:
            header_row_seen = True
        elif not header_row_seen:
            return headers[piece.block].table_header
    return ""
