"""What was flagged in documents, written with their content and deleted with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from retrieval.schema import document_flags, pages
from retrieval.store import among, get_document
from retrieval.types import Flag, Scope, Span

_LONGEST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ShownFlag:
    """A flag with the passage's words, as many as are worth showing."""

    flag: Flag
    text: str


def write_flags(connection: Connection, document_id: int, flags: Sequence[Flag]) -> None:
    """Keep these flags of a document, and no earlier ones."""
    connection.execute(delete(document_flags).where(document_flags.c.document_id == document_id))
    if flags:
        rows = [_row(document_id, place, flag) for place, flag in enumerate(flags)]
        connection.execute(insert(document_flags), rows)


def flag_counts(connection: Connection, document_ids: Collection[int]) -> dict[int, int]:
    """How many flags documents have, by id; those without are left out."""
    owner = document_flags.c.document_id
    query = select(owner, func.count().label("flags")).where(among(owner, document_ids))
    return {row.document_id: row.flags for row in connection.execute(query.group_by(owner))}


def read_flags(connection: Connection, document_id: int, scope: Scope) -> list[ShownFlag]:
    """The flags of a document inside the scope, in the order of its text."""
    get_document(connection, document_id, scope)
    flagged, page = document_flags.c, pages.c
    length = flagged.span_end - flagged.span_start
    passage = func.substr(page.text, flagged.span_start + 1, length)
    rows = connection.execute(
        select(document_flags, func.substr(passage, 1, _LONGEST_SHOWN).label("text"))
        .join(pages, (page.document_id == flagged.document_id) & (page.number == flagged.page))
        .where(flagged.document_id == document_id)
        .order_by(flagged.place)
    )
    return [
        ShownFlag(Flag(row.code, row.page, Span(row.span_start, row.span_end)), row.text)
        for row in rows
    ]


def _row(document_id: int, place: int, flag: Flag) -> dict[str, object]:
    return {
        "document_id": document_id,
        "place": place,
        "code": flag.code,
        "page": flag.page,
        "span_start": flag.span.start,
        "span_end": flag.span.end,
    }
