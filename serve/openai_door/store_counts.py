"""How many documents collections hold, by what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from retrieval.schema import documents
from retrieval.store import among, inside
from retrieval.types import Document, DocumentState, Scope

CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """Documents of a collection by their status, and their size together."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    size_bytes: int = 0


def status_of(document: Document) -> str:
    """How far a document is, in the words of OpenAI's API."""
    if document.state is DocumentState.FAILED:
        return CANCELLED if document.error_code == CANCELLED else "failed"
    return "completed" if document.state is DocumentState.READY else "in_progress"


def store_counts(
    connection: Connection, collection_ids: Sequence[int], scope: Scope
) -> dict[int, StoreCounts]:
    """The counts of each of the collections, as far as a scope goes."""
    status = case(
        (documents.c.state == DocumentState.READY.value, "completed"),
        (documents.c.state != DocumentState.FAILED.value, "in_progress"),
        (documents.c.error_code == CANCELLED, CANCELLED),
        else_="failed",
    ).label("status")
    rows = connection.execute(
        select(
            documents.c.collection_id,
            status,
            func.count().label("n"),
            func.sum(documents.c.size_bytes).label("size"),
        )
        .where(among(documents.c.collection_id, collection_ids), inside(scope))
        .group_by(documents.c.collection_id, status)
    ).all()
    found = {}
    for collection_id in collection_ids:
        own = [row for row in rows if row.collection_id == collection_id]
        counts = {row.status: row.n for row in own}
        size = sum(int(row.size) for row in own)
        found[collection_id] = StoreCounts(**counts, size_bytes=size)
    return found
