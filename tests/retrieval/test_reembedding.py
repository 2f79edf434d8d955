"""All vectors are made anew under another embedder, at once or bit by bit, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from retrieval.contents import (
    IndexedDocument,
    embedder_id,
    foreign_embedder,
    read_indexed_document,
    visible_documents,
)
from retrieval.database import Database
from retrieval.embedder import Embedder, HashEmbedder
from retrieval.errors import EmbeddingRefused
from retrieval.indexes import Indexes
from retrieval.name_index import without_extension
from retrieval.reembedding import reembed
from retrieval.schema import embedders, vectors
from retrieval.store import delete_document
from retrieval.types import Vectors
from tests.retrieval.filling import EMBEDDER, a_collection, all_of, published


class Counting(HashEmbedder):
    """Counts what it embeds, and takes no text of more than so many characters."""

    def __init__(self, most: int = 1_000) -> None:
        super().__init__(96)
        self.count = 0
        self._most = most

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if any(len(text) > self._most for text in texts):
            raise EmbeddingRefused("The text is too long.")
        self.count += len(texts)
        return super().embed_documents(texts)


class Stopped(Exception):
    """As by Ctrl-C."""


def stop_at(wanted: int, then: Callable[[], None]) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        if done == wanted:
            then()

    return report


def stop() -> None:
    raise Stopped


def ignore(done: int, total: int) -> None:
    """Nothing."""


@pytest.fixture
def collection(database: Database) -> int:
    """A collection of 160 chunks."""
    made = a_collection(database)
    for number in range(4):
        texts = [f"word{number}x{chunk} garden notes {chunk}" for chunk in range(40)]
        published(database, made, f"notes {number}.txt", *texts)
    return made


def indexed(database: Database, embedder: Embedder) -> list[IndexedDocument]:
    with database.write() as connection:
        own = embedder_id(connection, embedder.model)
        found = [
            read_indexed_document(connection, document, own, embedder.model.dimensions)
            for document in visible_documents(connection)
        ]
    return [document for document in found if document is not None]


def foreign(database: Database, embedder: Embedder) -> str | None:
    with database.write() as connection:
        return foreign_embedder(connection, embedder.model)


def assert_whole(database: Database, embedder: Embedder, chunks: int) -> None:
    """Every chunk has its own vector of this embedder."""
    assert foreign(database, embedder) is None
    count = 0
    for document in indexed(database, embedder):
        name = without_extension(document.name)
        texts = [stored.chunk.with_header(name) for stored in document.chunks]
        np.testing.assert_allclose(document.vectors, embedder.embed_documents(texts), atol=1e-3)
        count += len(texts)
    assert count == chunks


def stored(database: Database) -> tuple[int, int]:
    """How many vectors there are, and of how many embedders anything is known."""
    with database.read() as connection:
        made = connection.scalar(select(func.count()).select_from(vectors))
        known = connection.scalar(select(func.count()).select_from(embedders))
    return made or 0, known or 0


@pytest.mark.parametrize("lanes", [1, 3])
def test_every_chunk_is_found_by_its_own_new_vector(
    database: Database, collection: int, tmp_path: Path, lanes: int
) -> None:
    with closing(Indexes(database, EMBEDDER.model, tmp_path / "indexes")) as indexes:
        indexes.maintain()
    embedder = Counting()
    assert foreign(database, embedder) == "hash"
    seen: list[tuple[int, int]] = []
    assert reembed(database, embedder, lambda *each: seen.append(each), lanes) == 160
    assert (seen[0], seen[-1]) == ((0, 160), (160, 160))
    assert embedder.count == 160
    assert_whole(database, embedder, 160)
    assert stored(database) == (160, 1)
    with closing(Indexes(database, embedder.model, tmp_path / "indexes")) as indexes:
        indexes.maintain()
        for document in indexed(database, embedder):
            for chunk, vector in zip(document.chunks, document.vectors, strict=True):
                (nearest, *_) = indexes.dense.search(
                    vector.astype(np.float32), all_of(collection), 1
                )
                assert nearest.chunk_id == chunk.id


def test_what_is_stopped_goes_on_and_the_former_embedder_works_until_then(
    database: Database, collection: int
) -> None:
    embedder = Counting()
    with pytest.raises(Stopped):
        reembed(database, embedder, stop_at(128, stop))
    assert stored(database) == (160 + 128, 2)
    assert foreign(database, EMBEDDER) is None
    assert foreign(database, embedder) == "hash"
    assert len(indexed(database, EMBEDDER)) == 4
    reembed(database, embedder, ignore)
    assert embedder.count == 160
    assert_whole(database, embedder, 160)
    assert stored(database) == (160, 1)


def test_what_was_begun_is_dropped_under_the_former_embedder(
    database: Database, collection: int
) -> None:
    with pytest.raises(Stopped):
        reembed(database, Counting(), stop_at(64, stop))
    former = indexed(database, EMBEDDER)
    reembed(database, EMBEDDER, ignore)
    assert stored(database) == (160, 1)
    for before, after in zip(former, indexed(database, EMBEDDER), strict=True):
        np.testing.assert_array_equal(before.vectors, after.vectors)


def test_documents_may_come_and_go_meanwhile(database: Database, collection: int) -> None:
    def change() -> None:
        with database.write() as connection:
            for document in (1, 3):
                delete_document(connection, document)
        published(database, collection, "late.txt", "late one", "late two")

    embedder = Counting()
    assert reembed(database, embedder, stop_at(64, change)) == 82
    assert_whole(database, embedder, 82)
    assert stored(database) == (82, 1)


def test_a_chunk_that_is_too_long_has_the_vector_of_its_beginning(database: Database) -> None:
    published(database, a_collection(database), "a.txt", "garden " * 100, "short")
    embedder = Counting(most=400)
    reembed(database, embedder, ignore)
    (document,) = indexed(database, embedder)
    beginning = ("a\n" + "garden " * 100)[:351]
    expected = embedder.embed_documents([beginning, "a\nshort"])
    np.testing.assert_allclose(document.vectors, expected, atol=1e-3)


def test_an_embedder_that_takes_nothing_is_told(database: Database) -> None:
    published(database, a_collection(database), "a.txt", "garden " * 100)
    with pytest.raises(EmbeddingRefused):
        reembed(database, Counting(most=5), ignore)
    assert foreign(database, EMBEDDER) is None


def test_without_documents_there_is_nothing_to_do(database: Database) -> None:
    assert reembed(database, Counting(), ignore) == 0
