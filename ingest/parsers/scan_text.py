"""Recognised words as the text of a page: lines joined to paragraphs, boxes in page space."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Literal

import numpy as np

from ingest.pages import Block
from ingest.parsers.line_joining import DROP_HYPHEN, joint, starts_item
from ingest.parsers.ocr import Word
from ingest.parsers.page_text import PageText

_Box = tuple[float, float, float, float]
_NO_BOX: _Box = (0.0, 0.0, 0.0, 0.0)
_Point = tuple[float, float]


def scan_text(words: Iterable[Word], to_page: Callable[[float, float], _Point]) -> PageText:
    """The page's text; ``to_page`` turns a pixel (y downwards) into page space (y upwards)."""
    letters: list[str] = []
    boxes: list[_Box] = []
    blocks: list[Block] = []

    def add(text: str, places: Sequence[_Box]) -> None:
        letters.extend(text)
        boxes.extend(places)

    for lines in _paragraphs(words):
        if letters:
            add("\n", [_NO_BOX])
        start = len(letters)
        for index, line in enumerate(lines):
            if index:
                between = joint("".join(letters[start:]), line[0].text)
                if between == DROP_HYPHEN:
                    letters.pop()
                    boxes.pop()
                elif between:
                    add(between, [_NO_BOX])
            for number, word in enumerate(line):
                add(*(((" ", [_NO_BOX])) if number else ("", [])))
                add(word.text, _character_boxes(word, line, to_page))
        blocks.append(Block(start, len(letters)))
    packed = np.array(boxes, np.float32).reshape(-1, 4)
    return PageText("".join(letters), packed, tuple(blocks))


def _paragraphs(words: Iterable[Word]) -> Iterable[list[list[Word]]]:
    """Lines of words, grouped as tesseract does; a list item begins a paragraph."""
    for _, members in groupby(words, key=lambda word: word.block):
        paragraph: list[list[Word]] = []
        for _, line_words in groupby(members, key=lambda word: word.line):
            line = list(line_words)
            if paragraph and starts_item(" ".join(word.text for word in line)):
                yield paragraph
                paragraph = []
            paragraph.append(line)
        yield paragraph


_Direction = Literal["right", "left", "down", "up"]


def _character_boxes(
    word: Word, line: Sequence[Word], to_page: Callable[[float, float], _Point]
) -> list[_Box]:
    """The word's length divided evenly among its characters, each as thick as the line."""
    left, right = min(other.x0 for other in line), max(other.x1 for other in line)
    top, bottom = min(other.y0 for other in line), max(other.y1 for other in line)
    direction = _direction(line)
    boxes: list[_Box] = []
    for index in range(len(word.text)):
        low, high = index / len(word.text), (index + 1) / len(word.text)
        if direction in ("left", "up"):
            low, high = 1 - high, 1 - low
        if direction in ("right", "left"):
            width = word.x1 - word.x0
            box = (word.x0 + width * low, top, word.x0 + width * high, bottom)
        else:
            height = word.y1 - word.y0
            box = (left, word.y0 + height * low, right, word.y0 + height * high)
        (xa, ya), (xb, yb) = to_page(box[0], box[1]), to_page(box[2], box[3])
        boxes.append((min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)))
    return boxes


def _direction(line: Sequence[Word]) -> _Direction:
    """Where a line runs to in the picture: tesseract also reads what lies on its side."""
    first, last = line[0], line[-1]
    if len(line) == 1:
        is_tall = first.y1 - first.y0 > 1.5 * (first.x1 - first.x0)
        return "down" if is_tall and len(first.text) > 2 else "right"
    across = last.x0 + last.x1 - first.x0 - first.x1
    along = last.y0 + last.y1 - first.y0 - first.y1
    if abs(across) >= abs(along):
        return "right" if across >= 0 else "left"
    return "down" if along > 0 else "up"
