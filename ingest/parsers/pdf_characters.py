"""The characters of a PDF page with their boxes, one by one, from pdfium."""

from __future__ import annotations

import ctypes
import math
import statistics
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pypdfium2.raw as pdfium

from ingest.errors import LimitExceeded
from retrieval.types import Boxes

MAX_PAGE_CHARACTERS = 2_000_000

_LINE_HYPHENS = ("\x02", "\ufffe")
_SAMPLES = 64
# Ascent and descent of a font for text are less together, in ems and in heights of usual boxes.
_TALLEST = 1.4
_Box = tuple[float, float, float, float]
_NO_BOX: _Box = (0.0, 0.0, 0.0, 0.0)
_ARABIC_LIGATURES = frozenset(
    unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0xFDF0, 0xFDFC), *range(0xFEF5, 0xFEFD))
)


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """A page's characters in pdfium's reading order, lines divided by newlines.

    ``boxes`` are in points of unrotated user space and zero for what pdfium made up.
    ``quarter_turns`` says how far, counter-clockwise, most of the text is turned in that space.
    """

    text: str
    boxes: Boxes
    quarter_turns: int


def page_characters(text_page: ctypes._Pointer[ctypes.Structure]) -> Characters:
    """What pdfium reads on a page. Raises LimitExceeded beyond ``MAX_PAGE_CHARACTERS``."""
    count = pdfium.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        raise LimitExceeded("too_much_text", f"A page holds {count} characters.")
    turns = _quarter_turns(text_page, count)
    letters: list[str] = []
    boxes: list[_Box] = []
    raw, loose = _raw(text_page, count)
    _trim_boxes(text_page, loose, turns)
    for letter, box in _merged_pairs(raw, loose):
        if letter == "\r":
            continue
        if letter in _LINE_HYPHENS:  # pdfium's mark for a hyphen at a line end; it eats the newline
            letters += ["-", "\n"]
            boxes += [box, _NO_BOX]
            continue
        expanded = _expanded(letter)
        letters += expanded
        boxes += [box] * len(expanded)
    _share_boxes(letters, boxes, turns)
    return Characters("".join(letters), np.array(boxes, np.float32).reshape(-1, 4), turns)


def _raw(text_page: ctypes._Pointer[ctypes.Structure], count: int) -> tuple[list[str], list[_Box]]:
    """Code points and loose boxes: these reach from descent to ascent, so a line is one band."""
    rect = pdfium.FS_RECTF()
    get_code, get_box = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    letters: list[str] = []
    boxes: list[_Box] = []
    for index in range(count):
        code = get_code(text_page, index)
        letters.append(chr(code) if code < 0x110000 else "\ufffd")
        box = _NO_BOX
        if get_box(text_page, index, rect) and rect.left < rect.right and rect.bottom < rect.top:
            box = (rect.left, rect.bottom, rect.right, rect.top)
        boxes.append(box)
    return letters, boxes


def _trim_boxes(
    text_page: ctypes._Pointer[ctypes.Structure], boxes: list[_Box], turns: int
) -> None:
    """Where a font claims lines for each of its signs, as those of formulas do, their ink counts.

    Such a box is then an em high, or as high as the ink, and as wide as before.
    """
    across = 0 if turns % 2 else 1
    heights = [box[across + 2] - box[across] for box in boxes if box != _NO_BOX]
    if not heights:
        return
    usual = statistics.median(heights)
    for index, box in enumerate(boxes):
        height = box[across + 2] - box[across]
        # Asking for each character's font would take as long as all the rest.
        if height > _TALLEST * usual and height > _TALLEST * (em := _em(text_page, index)):
            boxes[index] = _around_ink(text_page, index, box, across, em)


def _em(text_page: ctypes._Pointer[ctypes.Structure], index: int) -> float:
    """The size of a character's font on the page, in points."""
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFText_GetMatrix(text_page, index, matrix):
        return math.inf
    scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
    return float(pdfium.FPDFText_GetFontSize(text_page, index)) * scale


def _around_ink(
    text_page: ctypes._Pointer[ctypes.Structure], index: int, box: _Box, across: int, em: float
) -> _Box:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
        return box
    low, high = (bottom.value, top.value) if across else (left.value, right.value)
    grown = max(0.0, em - (high - low)) / 2
    low, high = low - grown, high + grown
    x0, y0, x1, y1 = box
    return (x0, low, x1, high) if across else (low, y0, high, y1)


def _merged_pairs(letters: list[str], boxes: list[_Box]) -> list[tuple[str, _Box]]:
    """Two halves of a UTF-16 pair become one character."""
    merged: list[tuple[str, _Box]] = []
    for letter, box in zip(letters, boxes, strict=True):
        if merged and "\udc00" <= letter <= "\udfff" and "\ud800" <= merged[-1][0] <= "\udbff":
            high = merged[-1][0]
            code = 0x10000 + ((ord(high) - 0xD800) << 10) + (ord(letter) - 0xDC00)
            merged[-1] = (chr(code), merged[-1][1])
        else:
            merged.append((letter, box))
    return merged


def _expanded(letter: str) -> str:
    """A Latin ligature (U+FB00..U+FB06) as its letters, anything else as it is."""
    return unicodedata.normalize("NFKC", letter) if "\ufb00" <= letter <= "\ufb06" else letter


def _share_boxes(letters: list[str], boxes: list[_Box], turns: int) -> None:
    """Characters that come from one glyph share its box evenly.

    pdfium reverses right-to-left text character by character, also inside one glyph: undone here,
    except for ligatures that have a code point of their own, which it expands in the right order.
    """
    start = 0
    while start < len(boxes):
        end = start + 1
        while end < len(boxes) and boxes[end] == boxes[start]:
            end += 1
        if end - start > 1 and boxes[start] != _NO_BOX:
            backwards = any(is_right_to_left(letter) for letter in letters[start:end])
            if backwards and "".join(letters[start:end]) not in _ARABIC_LIGATURES:
                letters[start:end] = reversed(letters[start:end])
            boxes[start:end] = _slices(boxes[start], end - start, turns + 2 * backwards)
        start = end


def _slices(box: _Box, count: int, turns: int) -> list[_Box]:
    x0, y0, x1, y1 = box
    steps = [index / count for index in range(count + 1)]
    pairs = list(pairwise(steps))
    if turns % 2:
        cut = [(x0, y0 + (y1 - y0) * low, x1, y0 + (y1 - y0) * high) for low, high in pairs]
    else:
        cut = [(x0 + (x1 - x0) * low, y0, x0 + (x1 - x0) * high, y1) for low, high in pairs]
    return cut if turns % 4 in (0, 1) else cut[::-1]


def is_right_to_left(letter: str) -> bool:
    """Whether a character belongs to a script written from right to left."""
    return unicodedata.bidirectional(letter) in ("R", "AL")


def _quarter_turns(text_page: ctypes._Pointer[ctypes.Structure], count: int) -> int:
    """How far most of a sample of the characters is turned, in quarters counter-clockwise."""
    matrix = pdfium.FS_MATRIX()
    turns: Counter[int] = Counter()
    for index in range(0, count, max(1, count // _SAMPLES)):
        if pdfium.FPDFText_GetMatrix(text_page, index, matrix) and (matrix.a or matrix.b):
            turns[round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4] += 1
    return turns.most_common(1)[0][0] if turns else 0
