"""A PDF page put together: paragraphs become the stored text, with boxes, blocks and sections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.pages import Block, BlockKind
from ingest.parsers.line_joining import DROP_HYPHEN
from ingest.parsers.page_text import PageText
from ingest.parsers.pdf_characters import Characters
from ingest.parsers.pdf_outline import Entry
from ingest.parsers.pdf_paragraphs import Paragraph, paragraphs_of
from ingest.parsers.pdf_rows import rows_of

_HEADING_SIZE = 1.15
_HEADING_CHARACTERS = 160
_SOFT_HYPHEN = "\u00ad"
_LETTERS = re.compile(r"[^\W_]+")
_TOLERANCE = 2.0
_HEADING_NEAR = 60.0

_Indices = NDArray[np.int64]


def page_text(
    characters: Characters, entries: Sequence[Entry] = (), above: tuple[str, ...] = ()
) -> PageText:
    """Characters as paragraphs; ``above`` is the section that is open where the page begins."""
    paragraphs = paragraphs_of(rows_of(characters))
    sections = _sections(paragraphs, entries, above, characters.quarter_turns)
    text, indices, ends = _joined(characters.text, paragraphs)
    boxes = np.vstack((characters.boxes, np.zeros((1, 4), np.float32)))[indices]
    body = _body_size(paragraphs)
    blocks: list[Block] = []
    start = 0
    for paragraph, section, end in zip(paragraphs, sections, ends, strict=True):
        kind = _kind(paragraph, text[start:end], section, body)
        blocks.append(Block(start, end, kind, section))
        start = end + 1
    return PageText(text, boxes, _with_table_headers(text, blocks))


def _joined(text: str, paragraphs: Sequence[Paragraph]) -> tuple[str, _Indices, list[int]]:
    """The stored text, the source index of each character (-1 = made up), the paragraph ends."""
    out: list[str] = []
    indices: list[int] = []
    ends: list[int] = []

    def add(piece: str, first: int | None = None) -> None:
        out.append(piece)
        indices.extend([-1] * len(piece) if first is None else range(first, first + len(piece)))

    for paragraph in paragraphs:
        if ends:
            add("\n")
        for row, joint in zip(paragraph.rows, paragraph.joints, strict=True):
            if joint == DROP_HYPHEN:
                out[-1] = out[-1][:-1]
                indices.pop()
            else:
                add(joint)
            for piece in row.pieces:
                add(piece.glue)
                add(text[piece.start : piece.end], piece.start)
        ends.append(len(indices))
    return _without_soft_hyphens("".join(out), np.array(indices, np.int64), ends)


def _without_soft_hyphens(
    text: str, indices: _Indices, ends: list[int]
) -> tuple[str, _Indices, list[int]]:
    if _SOFT_HYPHEN not in text:
        return text, indices, ends
    keep = np.array([letter != _SOFT_HYPHEN for letter in text])
    moved = np.concatenate(([0], np.cumsum(keep)))
    return text.replace(_SOFT_HYPHEN, ""), indices[keep], [int(moved[end]) for end in ends]


def _body_size(paragraphs: Sequence[Paragraph]) -> float:
    """The character height that most of the page's text has."""
    sizes: Counter[float] = Counter()
    for paragraph in paragraphs:
        for row in paragraph.rows:
            sizes[round(row.size, 1)] += len(row.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _kind(paragraph: Paragraph, text: str, section: tuple[str, ...], body: float) -> BlockKind:
    if paragraph.tabular:
        return "row"
    large = paragraph.rows[0].size > _HEADING_SIZE * body
    short = len(text) <= _HEADING_CHARACTERS
    titled = bool(section) and _squashed(text).endswith(_squashed(section[-1]))
    letters = sum(map(str.isalpha, text))
    worded = letters > 0.6 * sum(not letter.isspace() for letter in text)
    return "heading" if short and worded and (large or titled) else "paragraph"


def _squashed(text: str) -> str:
    return "".join(_LETTERS.findall(text)).lower()


def _sections(
    paragraphs: Sequence[Paragraph],
    entries: Sequence[Entry],
    above: tuple[str, ...],
    turns: int,
) -> list[tuple[str, ...]]:
    """The section of each paragraph."""
    starts: dict[int, tuple[str, ...]] = {}
    earliest = 0
    for entry in entries:
        earliest = _first_paragraph(paragraphs, entry, turns, earliest)
        starts[earliest] = entry.section
    sections: list[tuple[str, ...]] = []
    for index in range(len(paragraphs)):
        above = starts.get(index, above)
        sections.append(above)
    return sections


def _first_paragraph(
    paragraphs: Sequence[Paragraph], entry: Entry, turns: int, earliest: int
) -> int:
    """Where a section begins: at the heading itself, else below the height that was given."""
    height = _height(entry, turns)
    title = _squashed(entry.title)
    for index in range(earliest, len(paragraphs)):
        middle = paragraphs[index].rows[0].middle
        near = height is None or abs(middle - height) < _HEADING_NEAR
        first = _squashed(" ".join(row.text for row in paragraphs[index].rows[:2]))
        if near and title and title in first and len(first) < 2 * len(title) + 12:
            return index
    if height is None:
        return earliest
    for index in range(earliest, len(paragraphs)):
        if paragraphs[index].rows[0].middle <= height + _TOLERANCE:
            return index
    return len(paragraphs)


def _height(entry: Entry, turns: int) -> float | None:
    """How high the entry's place is in the frame of the reader, see ``pdf_rows``."""
    if turns % 2 == 0:
        return entry.y if entry.y is None or turns == 0 else -entry.y
    if entry.x is None:
        return None
    return -entry.x if turns == 1 else entry.x


def _with_table_headers(text: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Rows under a first row without figures carry that row as their header."""
    result: list[Block] = []
    header = ""
    for index, block in enumerate(blocks):
        before = blocks[index - 1].kind if index else ""
        if block.kind != "row":
            header = ""
        elif before != "row":
            header = _header_at(text, blocks, index)
        else:
            result.append(
                Block(block.start, block.end, block.kind, block.section, table_header=header)
            )
            continue
        result.append(block)
    return tuple(result)


def _header_at(text: str, blocks: Sequence[Block], index: int) -> str:
    if index + 1 >= len(blocks) or blocks[index + 1].kind != "row":
        return ""
    first, second = (text[block.start : block.end] for block in blocks[index : index + 2])
    has_figures = any(letter.isdigit() for letter in second)
    years = re.sub(r"\b(?:19|20)\d\d\b", "", first)
    return first if has_figures and not any(letter.isdigit() for letter in years) else ""
