"""The outline of a PDF as section paths with the place on the page where each begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pypdfium2

from ingest.parsers.page_text import Sections, one_line

_MOST_ENTRIES = 20_000
_XYZ, _FIT_H, _FIT_V, _FIT_R = 1, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading of the outline; ``x`` and ``y`` in points of user space, None where not said."""

    section: tuple[str, ...]
    x: float | None
    y: float | None

    @property
    def title(self) -> str:
        """The heading's own text."""
        return self.section[-1]


def entries_by_page(document: pypdfium2.PdfDocument) -> dict[int, list[Entry]]:
    """The entries of each page, counted from 0, in the order of the outline."""
    sections = Sections()
    entries: dict[int, list[Entry]] = defaultdict(list)
    for bookmark in _bookmarks(document):
        title = one_line(bookmark.get_title(), 200)
        destination = bookmark.get_dest()
        if not title or destination is None:
            continue
        page = destination.get_index()
        if page is None:
            continue
        sections.enter(bookmark.level, title)
        entries[page].append(Entry(sections.path, *_place(destination)))
    return entries


def _bookmarks(document: pypdfium2.PdfDocument) -> Iterator[Any]:
    return islice(document.get_toc(max_depth=12), _MOST_ENTRIES)


def _place(destination: Any) -> tuple[float | None, float | None]:
    mode, values = destination.get_view()
    if mode == _XYZ and len(values) >= 2:
        return values[0], values[1]
    if mode == _FIT_H and values:
        return None, values[0]
    if mode == _FIT_R and len(values) >= 4:
        return values[0], values[3]
    return None, None
