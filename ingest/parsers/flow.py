"""The body of an office document, element by element, freed as soon as it has been read."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ingest.parsers.archive import events


@dataclass(frozen=True, slots=True)
class Tags:
    """The names of paragraphs (headings among them), tables and rows in a format."""

    paragraphs: tuple[str, ...]
    table: str
    row: str


def flow(
    archive: zipfile.ZipFile, member: str, tags: Tags
) -> Iterator[tuple[Literal["paragraph", "row", "table"], Any]]:
    """Paragraphs outside tables, rows of outermost tables, and the end of each such table.

    A table in a paragraph, as in a text box, is part of it. An element is valid until the next one
    is asked for.
    """
    open_tags: Counter[str] = Counter()
    for event, element in events(archive, member, (*tags.paragraphs, tags.table, tags.row)):
        kind = "paragraph" if element.tag in tags.paragraphs else element.tag
        if event == "start":
            open_tags[kind] += 1
            continue
        open_tags[kind] -= 1
        tables = open_tags[tags.table]
        if open_tags["paragraph"]:
            continue
        if kind == "paragraph" and not tables:
            yield "paragraph", element
            _forget(element)
        elif kind == tags.row and tables == 1 and not open_tags[tags.row]:
            yield "row", element
            element.clear()
        elif kind == tags.table and not tables:
            yield "table", element
            _forget(element)


def rows_in(table: Any, tags: Tags) -> Iterator[Any]:
    """The rows of a table, without those of tables in it."""
    for row in table.iter(tags.row):
        if next(row.iterancestors(tags.table)) is table:
            yield row


def _forget(element: Any) -> None:
    """Free an element that has been read, and its elder siblings."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
