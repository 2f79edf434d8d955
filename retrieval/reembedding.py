"""Vectors of another embedder for the chunks that are stored: made beside the old, then instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from sqlalchemy import Connection, delete, exists, func, select

from retrieval.contents import add_vectors, chunk_of_row, embedder_id, is_vector_missing
from retrieval.database import Database
from retrieval.embedder import Embedder
from retrieval.errors import EmbeddingRefused
from retrieval.name_index import without_extension
from retrieval.schema import chunks, documents, embedders, vectors
from retrieval.store import among
from retrieval.types import Vector, Vectors

_SLICE = 64
_SHORTEST = 100
"""Characters; an embedder that refuses even so few does not refuse them for their length."""

Text = tuple[int, str]
"""The id of a chunk, and what of it is embedded."""


def reembed(
    database: Database,
    embedder: Embedder,
    report: Callable[[int, int], None],
    lanes: int = 1,
) -> int:
    """Give every stored chunk a vector of this embedder, then delete those of all others.

    Those others stay whole until the one commit that deletes them. Whatever ends this early, what
    is made is kept, and the next call makes the rest. ``report`` is told how many chunks have
    their vector, of how many; ``lanes`` calls of the embedder run at once. A chunk that is too long
    for the embedder gets the vector of its beginning.

    Returns:
        How many chunks there are.

    Raises:
        EmbedderUnavailable, EmbeddingInvalid, EmbeddingRefused: By the embedder.
    """
    with database.write() as connection:
        own = embedder_id(connection, embedder.model)
    with ThreadPoolExecutor(lanes) as pool:
        while not _has_switched(database, own):
            done, total = _counts(database, own)
            report(done, total)
            for batch in _batches(database, own, lanes * _SLICE):
                slices = [batch[i : i + _SLICE] for i in range(0, len(batch), _SLICE)]
                made = list(pool.map(partial(_vectors, embedder), slices))
                _write(database, own, batch, np.concatenate(made))
                done += len(batch)
                report(done, total)
    return _counts(database, own)[1]


def _has_switched(database: Database, own: int) -> bool:
    """Whether all chunks have their new vector, and now nothing but that."""
    with database.write() as connection:
        if is_vector_missing(connection, own):
            return False
        connection.execute(delete(vectors).where(vectors.c.embedder_id != own))
        connection.execute(delete(embedders).where(embedders.c.id != own))
        return True


def _counts(database: Database, own: int) -> tuple[int, int]:
    """How many chunks have their new vector, and how many there are."""
    made = select(func.count()).select_from(vectors).where(vectors.c.embedder_id == own)
    with database.read() as connection:
        total = connection.scalar(select(func.count()).select_from(chunks))
        return connection.scalar(made) or 0, total or 0


def _batches(database: Database, own: int, size: int) -> Iterator[list[Text]]:
    """The chunks that have no new vector yet, in order."""
    after = 0
    while True:
        with database.read() as connection:
            batch = _texts_after(connection, own, after, size)
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def _texts_after(connection: Connection, own: int, after: int, limit: int) -> list[Text]:
    made = exists().where(vectors.c.chunk_id == chunks.c.id, vectors.c.embedder_id == own)
    rows = connection.execute(
        select(chunks, documents.c.name.label("document_name"))
        .join(documents, documents.c.id == chunks.c.document_id)
        .where(chunks.c.id > after, ~made)
        .order_by(chunks.c.id)
        .limit(limit)
    )
    return [
        (row.id, chunk_of_row(row).with_header(without_extension(row.document_name)))
        for row in rows
    ]


def _write(database: Database, own: int, batch: Sequence[Text], made: Vectors) -> None:
    with database.write() as connection:
        ids = [chunk_id for chunk_id, _ in batch]
        # One that was deleted meanwhile needs no vector.
        living = set(connection.scalars(select(chunks.c.id).where(among(chunks.c.id, ids))))
        kept = [i for i, chunk_id in enumerate(ids) if chunk_id in living]
        add_vectors(connection, own, [ids[i] for i in kept], made[kept])


def _vectors(embedder: Embedder, batch: Sequence[Text]) -> Vectors:
    texts = [text for _, text in batch]
    try:
        return embedder.embed_documents(texts)
    except EmbeddingRefused:
        return np.stack([_vector_of_beginning(embedder, text) for text in texts])


def _vector_of_beginning(embedder: Embedder, text: str) -> Vector:
    """The vector of as much of a text as the embedder takes; chunks were cut for another one."""
    try:
        vector: Vector = embedder.embed_documents([text])[0]
    except EmbeddingRefused:
        if len(text) <= _SHORTEST:
            raise
        return _vector_of_beginning(embedder, text[: len(text) // 2])
    return vector
