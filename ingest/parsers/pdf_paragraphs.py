"""Rows of a PDF page joined to paragraphs: by spacing, indents, width and punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.parsers.line_joining import ends_in_hyphen, ends_sentence, joint, starts_item
from ingest.parsers.pdf_rows import Row

_USUAL_LEADING = 1.25
_SAME_SIZE = 0.86
_WINDOW = 6
_INDENT = 0.8


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Rows that are read as one, with what joins each to the one before."""

    rows: tuple[Row, ...]
    joints: tuple[str, ...]

    @property
    def tabular(self) -> bool:
        """Whether it is a row of a table or of a table of contents."""
        return self.rows[0].tabular


@dataclass(frozen=True, slots=True)
class _Column:
    """Where the rows around a row start and end, and how far apart rows of this page are."""

    near: float
    far: float
    leading: float


def paragraphs_of(rows: Sequence[Row]) -> list[Paragraph]:
    """The paragraphs in the order of the rows."""
    if not rows:
        return []
    page_text = " ".join(row.text for row in rows)
    leading = _leading(rows)
    paragraphs: list[Paragraph] = []
    open_rows, joints = [rows[0]], [""]
    for index in range(1, len(rows)):
        column = _column(rows, index - 1, leading)
        if _continues(open_rows, rows[index], column):
            open_rows.append(rows[index])
            joints.append(joint(open_rows[-2].text, rows[index].text, page_text))
        else:
            paragraphs.append(Paragraph(tuple(open_rows), tuple(joints)))
            open_rows, joints = [rows[index]], [""]
    paragraphs.append(Paragraph(tuple(open_rows), tuple(joints)))
    return paragraphs


def _continues(paragraph: Sequence[Row], row: Row, column: _Column) -> bool:
    """Whether a row goes on with the paragraph that ends above it."""
    last = paragraph[-1]
    if last.tabular or row.tabular or not _same_size(last, row):
        return False
    if not _below(last, row):
        return not ends_sentence(last.text) and row.text[:1].islower()
    if (last.low - row.low) / last.size > max(1.25 * column.leading, column.leading + 0.3):
        return False
    if ends_in_hyphen(last.text):
        return True
    if starts_item(row.text):
        unfinished = last.far > column.far - last.size and not ends_sentence(last.text)
        return unfinished and row.text[:1].isalnum()
    return not _ended_early(last, row, column) and not _indent_breaks(paragraph, row)


def _same_size(one: Row, other: Row) -> bool:
    small, large = sorted((one.size, other.size))
    return small > _SAME_SIZE * large


def _below(upper: Row, lower: Row) -> bool:
    """Whether a row is the next one down in the same column."""
    overlap = min(upper.far, lower.far) - max(upper.near, lower.near)
    return upper.low > lower.low and overlap > 0


def _ended_early(last: Row, row: Row, column: _Column) -> bool:
    """Whether the next row's first word would still have fitted on the last row."""
    slack = column.far - last.far - row.first_word - 0.4 * last.size
    if slack <= 0:
        return False
    if row.text[:1].islower() and not ends_sentence(last.text):
        return slack > 0.4 * (column.far - column.near)
    return True


def _indent_breaks(paragraph: Sequence[Row], row: Row) -> bool:
    last = paragraph[-1]
    indent = (row.near - last.near) / last.size
    item = starts_item(paragraph[0].text)
    if indent > _INDENT:
        return ends_sentence(last.text) and not (item and len(paragraph) == 1)
    if indent < -_INDENT and len(paragraph) > 1:
        return ends_sentence(last.text) or (item and not row.text[:1].islower())
    return False


def _leading(rows: Sequence[Row]) -> float:
    """The usual distance between baselines on this page, in heights of a character."""
    steps = [
        (upper.low - lower.low) / upper.size
        for upper, lower in pairwise(rows)
        if upper.size > 0 and _below(upper, lower) and _same_size(upper, lower)
    ]
    near = [step for step in steps if 0.7 < step < 3.0]
    if len(near) < 3:
        return _USUAL_LEADING
    return max(0.9, float(np.percentile(near, 40)))


def _column(rows: Sequence[Row], index: int, leading: float) -> _Column:
    """The edges of the column around a row: of its neighbours up to a jump or a change of size."""
    row = rows[index]
    near, far = row.near, row.far
    for step in (-1, 1):
        previous = row
        for other in rows[index + step : _stop(index, step) : step]:
            upper, lower = (previous, other) if step > 0 else (other, previous)
            if other.tabular or not _same_size(row, other) or not _below(upper, lower):
                break
            near, far = min(near, other.near), max(far, other.far)
            previous = other
    return _Column(near, far, leading)


def _stop(index: int, step: int) -> int | None:
    if step > 0:
        return index + 1 + _WINDOW
    return index - 1 - _WINDOW if index > _WINDOW else None
