"""The rows of a PDF page: pdfium's lines measured, pieces on one baseline put together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingest.parsers.pdf_characters import Characters, is_right_to_left

_SCRIPT_GAP = 1.0
_GLUE_GAP = 0.15
_TABLE_GAP = 1.6
_LABEL_GAP = 3.0
_Box = tuple[float, float, float, float]
_LEADER = re.compile(r"\.{5,}|(?:\. ){4,}|…{2,}|(?: \.){4,}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters ``start``..``end`` of the page, after ``glue``."""

    start: int
    end: int
    glue: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What stands on one baseline, in the frame of the reader.

    ``near`` and ``far`` are where it starts and ends along the line, ``low`` and ``high`` its
    extent across (rising upwards), ``size`` the height of its characters, all in points.
    """

    pieces: tuple[Piece, ...]
    text: str
    near: float
    low: float
    far: float
    high: float
    size: float
    first_word: float
    tabular: bool

    @property
    def middle(self) -> float:
        """Half-way between its lower and upper edge."""
        return (self.low + self.high) / 2


def rows_of(characters: Characters) -> list[Row]:
    """The rows in reading order; lines without a visible character are left out."""
    frame = _framed(characters)
    rows: list[Row] = []
    for row in _lines(characters.text, frame):
        glue = _glue(rows[-1], row) if rows else None
        if glue is None:
            rows.append(row)
        else:
            rows[-1] = _together(rows[-1], row, glue)
    return rows


def _framed(characters: Characters) -> list[_Box]:
    """The boxes turned so that lines run rightwards and follow each other downwards."""
    x0, y0, x1, y1 = characters.boxes.T
    turned = {
        0: (x0, y0, x1, y1),
        1: (y0, -x1, y1, -x0),
        2: (-x1, -y1, -x0, -y0),
        3: (-y1, x0, -y0, x1),
    }[characters.quarter_turns]
    near, low, far, high = turned
    letters = [letter for letter in characters.text if letter.isalpha()]
    if sum(map(is_right_to_left, letters)) * 2 > len(letters):
        near, far = -far, -near
    return list(zip(near.tolist(), low.tolist(), far.tolist(), high.tolist(), strict=True))


def _lines(text: str, frame: list[_Box]) -> Iterator[Row]:
    start = 0
    for line in text.split("\n"):
        first = start + len(line) - len(line.lstrip())
        last = start + len(line.rstrip())
        row = _measured(text, frame, first, last)
        if row is not None:
            yield row
        start += len(line) + 1


def _measured(text: str, frame: list[_Box], start: int, end: int) -> Row | None:
    """The row of these characters; None if none of them has a box."""
    inked = [
        index
        for index in range(start, end)
        if frame[index][2] > frame[index][0] and not text[index].isspace()
    ]
    if not inked:
        return None
    boxes = [frame[index] for index in inked]
    size = median(box[3] - box[1] for box in boxes)
    space = text.find(" ", start, end)
    word_end = end if space < 0 else space
    word = [frame[index] for index in inked if index < word_end] or boxes[:1]
    gaps = [(right[0] - left[2]) / max(size, 0.1) for left, right in pairwise(boxes)]
    line = text[start:end]
    return Row(
        pieces=(Piece(start, end),),
        text=line,
        near=min(box[0] for box in boxes),
        low=median(box[1] for box in boxes),
        far=max(box[2] for box in boxes),
        high=median(box[3] for box in boxes),
        size=size,
        first_word=max(box[2] for box in word) - min(box[0] for box in word),
        tabular=_is_tabular(gaps, line),
    )


def _is_tabular(gaps: list[float], line: str) -> bool:
    """Two wide gaps, one very wide one, or the leader of a table of contents."""
    if not line[-1].isalnum():
        gaps = gaps[:-1]  # the box at the end of a proof, a closing bracket
    wide = sum(gap > _TABLE_GAP for gap in gaps)
    return wide >= 2 or any(gap > _LABEL_GAP for gap in gaps) or bool(_LEADER.search(line))


def _glue(row: Row, piece: Row) -> str | None:
    """What stands between a row and a piece that continues its baseline; None if none does.

    pdfium ends its line before each index or exponent and before each cell of a table.
    """
    shared = min(row.high, piece.high) - max(row.low, piece.low)
    if shared < 0.3 * min(row.size, piece.size):
        return None
    gap = piece.near - row.far
    size = max(row.size, piece.size)
    if -0.35 * size < gap < _SCRIPT_GAP * size:
        return "" if gap < _GLUE_GAP * size else " "
    level = abs(row.low - piece.low) < 0.3 * size and abs(row.size - piece.size) < 0.3 * size
    return " " if gap >= _SCRIPT_GAP * size and level else None


def _together(row: Row, piece: Row, glue: str) -> Row:
    larger = row if row.size >= piece.size else piece
    gap = piece.near - row.far
    return replace(
        row,
        pieces=(*row.pieces, replace(piece.pieces[0], glue=glue)),
        text=row.text + glue + piece.text,
        far=max(row.far, piece.far),
        low=larger.low,
        high=larger.high,
        size=larger.size,
        tabular=row.tabular or piece.tabular or gap > _TABLE_GAP * larger.size,
    )
