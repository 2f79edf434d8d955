"""What must hold in a data folder whatever was killed in it, and when."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
from sqlalchemy import func, select, text

from retrieval.analysis import terms
from retrieval.contents import read_indexed_document
from retrieval.schema import chunks, documents, embedders, pages, vectors
from retrieval.store import changes_after, current_seq
from retrieval.types import DocumentState
from tests.faults.site import Site, opened, running

_ALL = 1_000_000


def assert_sound(folder: Path) -> None:
    """The records are whole, and files and indexes agree with them."""
    with opened(folder) as site:
        site.indexes.maintain()
        _check(site)


def assert_settles(folder: Path) -> dict[str, str]:
    """After the work left over is done, all is sound; the visible content by name, as SHA-256."""
    with running(folder) as site:
        site.settle()
    with opened(folder) as site:
        site.indexes.maintain()
        _check(site)
        states = Counter(document.state for document in site.documents())
        assert set(states) <= {DocumentState.READY}, states
        names = Counter(document.name for document in site.documents())
        assert all(count == 1 for count in names.values()), names
        return {
            document.name.removesuffix(".txt"): document.content_sha256
            for document in site.documents()
        }


def _check(site: Site) -> None:
    _records_are_whole(site)
    _seqs_have_no_gap(site)
    _originals_are_those_referred_to(site)
    _indexes_hold_what_is_visible(site)
    _every_chunk_finds_itself(site)


def _records_are_whole(site: Site) -> None:
    with site.database.read() as connection:
        assert connection.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        pages_of = dict(_counts(connection, pages.c.document_id))
        chunks_of = dict(_counts(connection, chunks.c.document_id))
        unembedded = (
            select(chunks.c.id)
            .outerjoin(vectors, vectors.c.chunk_id == chunks.c.id)
            .where(vectors.c.chunk_id.is_(None))
        )
        assert connection.execute(unembedded).all() == []
        rows = connection.execute(select(documents)).all()
    for row in rows:
        expected = (row.page_count, row.chunk_count) if row.seq is not None else (0, 0)
        assert (pages_of.get(row.id, 0), chunks_of.get(row.id, 0)) == expected, row
        assert (row.state == DocumentState.READY.value) == (row.seq is not None), row
        assert row.seq is None or row.chunk_count > 0, row


def _counts(connection: object, column: object) -> list[tuple[int, int]]:
    query = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    return [tuple(row) for row in connection.execute(query)]  # type: ignore[attr-defined]


def _seqs_have_no_gap(site: Site) -> None:
    with site.database.read() as connection:
        seqs = [change.seq for change in changes_after(connection, 0, _ALL)]
        assert seqs == list(range(1, current_seq(connection) + 1))


def _originals_are_those_referred_to(site: Site) -> None:
    referred = {document.content_sha256 for document in site.documents()}
    assert set(site.originals) == referred
    for name in referred:
        with site.originals.open(name) as file:
            assert sha256(file.read()).hexdigest() == name
    left = list((site.folder / "originals").rglob(".*"))
    assert left == []


def _indexes_hold_what_is_visible(site: Site) -> None:
    visible = [document for document in site.documents() if document.seq is not None]
    assert site.indexes.dense.documents() == {document.id for document in visible}
    count = sum(document.chunk_count for document in visible)
    assert len(site.indexes.dense) == count
    assert len(site.indexes.lexical) == count
    assert len(site.indexes.names) == len(visible)


def _every_chunk_finds_itself(site: Site) -> None:
    with site.database.read() as connection:
        embedder, dimensions = connection.execute(
            select(embedders.c.id, embedders.c.dimensions)
        ).one()
        visible = [document.id for document in site.documents() if document.seq is not None]
        found = [
            read_indexed_document(connection, document, embedder, dimensions)
            for document in visible
        ]
    for document in found:
        assert document is not None
        for stored, vector in zip(document.chunks, document.vectors, strict=True):
            query = vector.astype(np.float32)
            (near,) = site.indexes.dense.search(query / np.linalg.norm(query), site.scope, 1)
            assert near.chunk_id == stored.id
            words = [(term,) for term in terms(stored.chunk.text, stored.chunk.language)]
            (match,) = site.indexes.lexical.search(words, site.scope, 1)
            assert match.chunk_id == stored.id
