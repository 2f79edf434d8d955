"""Blocks of text become pages, and pages become clean: shared by every parser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.pages import Block, BlockKind, ParsedPage
from retrieval.types import Boxes, Page

MAX_PART_CHARACTERS = 20_000
"""A format without pages is divided into parts of at most this many characters."""

_FARTHEST_POINT = 20_000.0
_REPLACEMENT = 0xFFFD
_BYTE_ORDER_MARK = 0xFEFF
_SENTENCE_END = re.compile(r"[.!?…。！？]\s+|\n")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The text of a block before it has a place on a page."""

    text: str
    kind: BlockKind = "paragraph"
    section: tuple[str, ...] = ()
    table_header: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PageText:
    """The text of a page with geometry: a box for each character, and the blocks."""

    text: str
    boxes: Boxes
    blocks: tuple[Block, ...]


class Sections:
    """The path of headings at the place that has been read."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    @property
    def path(self) -> tuple[str, ...]:
        """The headings above, outermost first."""
        return tuple(title for _, title in self._open)

    def enter(self, level: int, title: str) -> None:
        """A heading of this level closes all of the same or a deeper level."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, one_line(title, 200)))


def pages_of(
    blocks: Iterable[TextBlock], label: str = "", first_number: int = 1
) -> Iterator[ParsedPage]:
    """Pages of at most ``MAX_PART_CHARACTERS``, divided between blocks where possible."""
    waiting: list[TextBlock] = []
    size = 0
    number = first_number
    for block in _bounded(blocks):
        if waiting and size + len(block.text) + 2 > MAX_PART_CHARACTERS:
            yield page_of(waiting, number, label)
            waiting, size, number = [], 0, number + 1
        waiting.append(block)
        size += len(block.text) + 2
    if waiting:
        yield page_of(waiting, number, label)


def page_of(blocks: Iterable[TextBlock], number: int, label: str = "") -> ParsedPage:
    """One page of these blocks: rows on lines of their own, an empty line around all else."""
    pieces: list[str] = []
    placed: list[Block] = []
    length = 0
    previous: TextBlock | None = None
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        if previous is not None:
            gap = "\n" if previous.kind == block.kind == "row" else "\n\n"
            pieces.append(gap)
            length += len(gap)
        end = length + len(text)
        placed.append(Block(length, end, block.kind, block.section, block.table_header))
        pieces.append(text)
        length, previous = end, block
    return ParsedPage(Page(number, "".join(pieces), label), tuple(placed))


def _bounded(blocks: Iterable[TextBlock]) -> Iterator[TextBlock]:
    """The same blocks; one that is longer than a part is divided between sentences or words."""
    for block in blocks:
        text = block.text
        start = 0
        while len(text) - start > MAX_PART_CHARACTERS - 2:
            end = _border_before(text, start, start + MAX_PART_CHARACTERS - 2)
            yield replace(block, text=text[start:end])
            start = end
        yield replace(block, text=text[start:]) if start else block


def _border_before(text: str, start: int, limit: int) -> int:
    floor = start + (limit - start) // 2
    ends = [found.end() for found in _SENTENCE_END.finditer(text, floor, limit)]
    if ends:
        return ends[-1]
    space = text.rfind(" ", floor, limit)
    return limit if space < 0 else space + 1


def one_line(text: str, limit: int) -> str:
    """Text for a title or a label: clean, without line breaks, at most ``limit`` long."""
    codes = _codes(text[: limit * 4])
    codes = np.where(_unwanted(codes), np.uint32(32), _without_surrogates(codes))
    return " ".join(_text(codes).split())[:limit]


def cleaned(parsed: ParsedPage) -> ParsedPage:
    """The page without control and non-characters; boxes and blocks follow the text."""
    page = parsed.page
    codes = _codes(page.text)
    keep = ~_unwanted(codes)
    text = _text(_without_surrogates(codes[keep]))
    boxes = None if page.boxes is None else _sane(page.boxes)[keep]
    blocks = parsed.blocks
    if not keep.all():
        moved = np.concatenate(([0], np.cumsum(keep)))
        blocks = tuple(
            replace(block, start=int(moved[block.start]), end=int(moved[block.end]))
            for block in blocks
        )
    page = replace(page, text=text, boxes=boxes)
    kept = tuple(
        replace(block, table_header=_clean_text(block.table_header))
        for block in blocks
        if text[block.start : block.end].strip()
    )
    return ParsedPage(page, kept)


def _clean_text(text: str) -> str:
    codes = _codes(text)
    return _text(_without_surrogates(codes[~_unwanted(codes)]))


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def _unwanted(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """C0 and C1 controls but for tab and newline, byte order marks, non-characters."""
    control = ((codes < 32) & (codes != 9) & (codes != 10)) | ((codes >= 127) & (codes < 160))
    nothing = ((codes & 0xFFFE) == 0xFFFE) | ((codes >= 0xFDD0) & (codes <= 0xFDEF))
    result: NDArray[np.bool_] = control | nothing | (codes == _BYTE_ORDER_MARK)
    return result


def _without_surrogates(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    lone = (codes >= 0xD800) & (codes <= 0xDFFF)
    return np.where(lone, np.uint32(_REPLACEMENT), codes).astype(np.uint32)


def _sane(boxes: Boxes) -> Boxes:
    """The boxes, with zeros for those that no page can hold."""
    with np.errstate(invalid="ignore"):
        near = np.all(np.abs(boxes) <= _FARTHEST_POINT, axis=1, keepdims=True)
    return np.where(near, boxes, 0).astype(np.float32)
