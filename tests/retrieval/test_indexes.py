"""The indexes follow the store, start from what is sound, and forget what was deleted."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from retrieval.analysis import terms
from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.indexes import Indexes
from retrieval.schema import documents
from retrieval.store import current_seq, delete_document
from tests.retrieval.filling import (
    EMBEDDER,
    a_collection,
    all_of,
    content_of,
    published,
    put,
    queued,
)

QUESTION = EMBEDDER.embed_query("garden")


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        yield database


@pytest.fixture
def collection(sqlite: Database) -> int:
    return a_collection(sqlite)


@contextmanager
def opened(database: Database, folder: Path, first_purge: float = 0.0) -> Iterator[Indexes]:
    made = Indexes(database, EMBEDDER.model, folder / "indexes", first_purge)
    with closing(made) as indexes:
        yield indexes


def remove(database: Database, document: int) -> None:
    with database.write() as connection:
        delete_document(connection, document)


def dense(indexes: Indexes, collection: int, question: str) -> list[int]:
    vector = EMBEDDER.embed_query(question)
    return [near.document_id for near in indexes.dense.search(vector, all_of(collection), 100)]


def lexical(indexes: Indexes, collection: int, question: str) -> list[int]:
    words = [(term,) for term in terms(question, "en")]
    return [hit.document_id for hit in indexes.lexical.search(words, all_of(collection), 100)]


def everything(indexes: Indexes, collection: int) -> object:
    """All that searching can tell of the indexes."""
    names = indexes.names.scores([("garden",), ("notes",)], indexes.dense.documents())
    vector = EMBEDDER.embed_query("garden notes of the cloister")
    near = indexes.dense.search(vector, all_of(collection), 1_000)
    return (
        indexes.seq,
        indexes.dense.documents(),
        [(hit.chunk_id, round(hit.score, 5)) for hit in near],
        sorted(lexical(indexes, collection, "garden notes cloister")),
        len(indexes.lexical),
        names,
        indexes.languages(),
    )


def test_the_dense_index_follows_before_every_search(database: Database, tmp_path: Path) -> None:
    collection = a_collection(database)
    with opened(database, tmp_path) as indexes:
        assert dense(indexes, collection, "garden") == []
        first = published(database, collection, "a.txt", "garden")
        indexes.catch_up()
        assert dense(indexes, collection, "garden") == [first]
        remove(database, first)
        indexes.catch_up()
        assert dense(indexes, collection, "garden") == []


def test_both_indexes_follow_in_the_background(database: Database, tmp_path: Path) -> None:
    collection = a_collection(database)
    with opened(database, tmp_path) as indexes:
        first = published(database, collection, "a.txt", "garden")
        second = published(database, collection, "b.txt", "the garden of the library")
        indexes.maintain()
        assert lexical(indexes, collection, "garden") == [first, second]
        remove(database, first)
        replaced = published(database, collection, "b.txt", "another garden of the library")
        indexes.maintain()
        assert lexical(indexes, collection, "garden") == [replaced]
        with database.read() as connection:
            assert indexes.seq == current_seq(connection)


def test_a_start_takes_up_where_the_last_one_ended(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        first = published(sqlite, collection, "a.txt", "garden")
        indexes.maintain()
    second = published(sqlite, collection, "b.txt", "garden wall")
    remove(sqlite, first)
    with opened(sqlite, tmp_path) as indexes:
        assert dense(indexes, collection, "garden") == [first]
        assert indexes.seq == 1
        indexes.catch_up()
        assert dense(indexes, collection, "garden") == [second]
        indexes.maintain()
        assert lexical(indexes, collection, "garden") == [second]


def test_a_rebuilt_index_equals_one_that_followed(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    def french(text: str) -> int:
        with sqlite.write() as connection:
            document = queued(connection, collection, f"{text}.txt", text).id
            put(connection, document, [text, f"{text} encore"])
            connection.execute(
                update(documents).where(documents.c.id == document).values(language="fr")
            )
        return document

    with opened(sqlite, tmp_path) as followed:
        for number in range(30):
            published(
                sqlite, collection, f"notes garden {number}.txt", f"garden {number}", "cloister"
            )
            if number % 3 == 0:
                followed.maintain()
            if number % 5 == 0:
                published(sqlite, collection, f"notes garden {number}.txt", f"wall {number}")
            if number % 7 == 0:
                remove(sqlite, french(f"jardin {number}"))
        french("le jardin des notes")
        followed.maintain()
        with opened(sqlite, tmp_path / "rebuilt") as rebuilt:
            rebuilt.maintain()
            assert everything(rebuilt, collection) == everything(followed, collection)
        expected = everything(followed, collection)
    with opened(sqlite, tmp_path) as restarted:
        restarted.maintain()
        assert everything(restarted, collection) == expected


def test_languages_of_deleted_documents_are_forgotten(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        first = published(sqlite, collection, "a.txt", "garden")
        indexes.catch_up()
        assert list(indexes.languages()) == ["en"]
        remove(sqlite, first)
        indexes.catch_up()
        assert list(indexes.languages()) == []


def snapshot_of(folder: Path) -> Path:
    return folder / "indexes" / "dense.snapshot"


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def from_the_future(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8] += 1
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.write_bytes(b"\x7fELF" + bytes(5_000))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip_a_byte, cut, from_the_future, foreign, emptied])
def test_a_snapshot_in_doubt_is_not_used(
    sqlite: Database,
    collection: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: object,
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        first = published(sqlite, collection, "a.txt", "garden", "garden wall")
        indexes.maintain()
    assert callable(damage)
    damage(snapshot_of(tmp_path))
    with caplog.at_level(logging.WARNING), opened(sqlite, tmp_path) as indexes:
        assert "is not used" in caplog.text
        indexes.maintain()
        assert dense(indexes, collection, "garden") == [first, first]
        assert lexical(indexes, collection, "garden") == [first, first]


@pytest.mark.parametrize("kind", ["term", "idx", "store", "fast"])
def test_a_damaged_lexical_index_is_rebuilt(
    sqlite: Database, collection: int, tmp_path: Path, kind: str
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        first = published(sqlite, collection, "a.txt", "garden")
        indexes.maintain()
    for path in (tmp_path / "indexes" / "lexical").glob(f"*.{kind}"):
        flip_a_byte(path)
    with opened(sqlite, tmp_path) as indexes:
        assert indexes.lexical.seq == 0
        indexes.maintain()
        assert lexical(indexes, collection, "garden") == [first]


def test_indexes_of_another_model_are_not_used(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        published(sqlite, collection, "a.txt", "garden")
        indexes.maintain()
    other = HashEmbedder(32)
    with closing(Indexes(sqlite, other.model, tmp_path / "indexes")) as indexes:
        indexes.maintain()
        assert len(indexes.dense) == 0
        assert indexes.dense.dimensions == 32


def test_indexes_that_are_ahead_of_the_database_are_not_used(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        collection = a_collection(database)
        kept = published(database, collection, "a.txt", "garden")
        database.forget_deleted()
        shutil.copy(tmp_path / "cloister.db", tmp_path / "backup.db")
        with opened(database, tmp_path) as indexes:
            published(database, collection, "b.txt", "garden wall")
            published(database, collection, "c.txt", "garden gate")
            indexes.maintain()
    with (
        closing(Database(f"sqlite:///{tmp_path}/backup.db")) as restored,
        opened(restored, tmp_path) as indexes,
    ):
        indexes.maintain()
        assert dense(indexes, collection, "garden") == [kept]
        assert lexical(indexes, collection, "garden") == [kept]


def test_indexes_of_another_database_are_not_used(tmp_path: Path) -> None:
    for name, texts in (("one", ["garden", "wall"]), ("two", ["library", "garden gate", "roof"])):
        with (
            closing(Database(f"sqlite:///{tmp_path}/{name}.db")) as database,
            closing(
                Indexes(database_migrated(database), EMBEDDER.model, tmp_path / "i")
            ) as indexes,
        ):
            collection = a_collection(database)
            ids = [published(database, collection, f"{text}.txt", text) for text in texts]
            if name == "one":
                remove(database, ids[0])
            indexes.maintain()
            vector = EMBEDDER.embed_query("garden")
            near = indexes.dense.search(vector, all_of(collection), 10)
            assert len(near) == len(indexes.lexical) == (1 if name == "one" else 3)


def database_migrated(database: Database) -> Database:
    database.migrate()
    return database


def files_with(folder: Path, *needles: bytes) -> list[str]:
    return [
        f"{path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def test_deleted_text_and_vectors_leave_the_files(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    canary = "zyxwcanary"
    text = f"{canary} in the garden"
    vector = content_of([text]).vectors.astype(np.float16).tobytes()
    with opened(sqlite, tmp_path) as indexes:
        published(sqlite, collection, "a.txt", "garden")
        document = published(sqlite, collection, "b.txt", text)
        published(sqlite, collection, "c.txt", "garden wall")
        indexes.maintain()
    assert files_with(tmp_path / "indexes", canary.encode(), vector)
    with opened(sqlite, tmp_path) as indexes:
        remove(sqlite, document)
        sqlite.forget_deleted()
        indexes.maintain()
        assert files_with(tmp_path, canary.encode(), vector) == []
        assert indexes.lexical.search([(canary,)], all_of(collection), 10) == []
        assert not indexes.is_purge_due
    assert files_with(tmp_path, canary.encode(), vector) == []


def test_what_a_closed_server_did_not_forget_is_forgotten_at_the_next_start(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    canary = "zyxwcanary"
    with opened(sqlite, tmp_path) as indexes:
        document = published(sqlite, collection, "b.txt", canary)
        indexes.maintain()
        remove(sqlite, document)
    with opened(sqlite, tmp_path) as indexes:
        assert indexes.is_purge_due
        indexes.maintain()
        assert files_with(tmp_path / "indexes", canary.encode()) == []


def test_a_process_that_lives_for_one_question_rewrites_nothing(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        document = published(sqlite, collection, "b.txt", "zyxwcanary")
        indexes.maintain()
        remove(sqlite, document)
    with opened(sqlite, tmp_path, first_purge=600.0) as indexes:
        assert not indexes.is_purge_due
        indexes.maintain()
        assert indexes.lexical.search([("zyxwcanary",)], all_of(collection), 10) == []
    with opened(sqlite, tmp_path) as indexes:
        assert indexes.is_purge_due


def test_nothing_is_rewritten_where_nothing_was_deleted(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        published(sqlite, collection, "a.txt", "garden")
        assert not indexes.is_purge_due
        indexes.maintain()
        assert not snapshot_of(tmp_path).exists()
