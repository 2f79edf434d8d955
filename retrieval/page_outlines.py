"""What a reader of a document needs to know of its pages before and beside their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from retrieval.contents import SECTION_SEPARATOR
from retrieval.schema import chunks, pages
from retrieval.store import get_document
from retrieval.types import Scope


@dataclass(frozen=True, slots=True)
class PageOutline:
    """A page without its text; ``characters`` is how long that is."""

    number: int
    label: str
    characters: int
    width: float
    height: float
    rotation: int


@dataclass(frozen=True, slots=True)
class SectionStart:
    """From here on a page's text stands under these headings, outermost first."""

    start: int
    section: tuple[str, ...]


def page_outlines(
    connection: Connection, document_id: int, scope: Scope, after: int, limit: int
) -> list[PageOutline]:
    """At most ``limit`` pages of a document inside the scope, behind page ``after``."""
    get_document(connection, document_id, scope)
    rows = connection.execute(
        select(
            pages.c.number,
            pages.c.label,
            func.length(pages.c.text).label("characters"),
            pages.c.width,
            pages.c.height,
            pages.c.rotation,
        )
        .where(pages.c.document_id == document_id, pages.c.number > after)
        .order_by(pages.c.number)
        .limit(limit)
    )
    return [PageOutline(*row) for row in rows]


def section_starts(
    connection: Connection, document_id: int, number: int, scope: Scope
) -> list[SectionStart]:
    """Where on a page of a document inside the scope another section begins."""
    get_document(connection, document_id, scope)
    rows = connection.execute(
        select(chunks.c.span_start, chunks.c.section)
        .where(chunks.c.document_id == document_id, chunks.c.page == number)
        .order_by(chunks.c.span_start)
    )
    return list(_changes((start, section) for start, section in rows))


def _changes(sections: Iterator[tuple[int, str]]) -> Iterator[SectionStart]:
    before: Sequence[str] = ()
    for start, joined in sections:
        section = tuple(joined.split(SECTION_SEPARATOR)) if joined else ()
        if section != before:
            yield SectionStart(start, section)
        before = section
