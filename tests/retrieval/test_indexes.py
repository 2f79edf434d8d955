"""The indexes follow the store, start from what is sound, and forget what was deleted."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from retrieval.analysis import terms
from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.faiss_tiers import Tier, Tiers
from retrieval.indexes import Indexes
from retrieval.schema import documents
from retrieval.store import current_seq, delete_document
from tests.fixtures.lexical_files import chunks_with
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
LISTS = Tiers(ivf_from=50, nprobe=50, exact_rows=10, tail_rows=5)
SLOW = Tiers(ivf_from=1_000)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        yield database


@pytest.fixture
def collection(sqlite: Database) -> int:
    return a_collection(sqlite)


@contextmanager
def opened(
    database: Database, folder: Path, first_purge: float = 0.0, tiers: Tiers | None = None
) -> Iterator[Indexes]:
    made = Indexes(database, EMBEDDER.model, folder / "indexes", first_purge, tiers)
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
        indexes.languages(all_of(1)),
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
        assert list(indexes.languages(all_of(1))) == ["en"]
        remove(sqlite, first)
        indexes.catch_up()
        assert list(indexes.languages(all_of(1))) == []


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
    canary = "zyxwcanar"
    text = f"{canary} in the garden"
    vector = content_of([text]).vectors.astype(np.float16).tobytes()
    with opened(sqlite, tmp_path) as indexes:
        published(sqlite, collection, "a.txt", "garden")
        document = published(sqlite, collection, "b.txt", text)
        published(sqlite, collection, "c.txt", "garden wall")
        indexes.maintain()
    assert files_with(tmp_path / "indexes", vector)
    assert chunks_with(tmp_path / "indexes", canary) == 1
    with opened(sqlite, tmp_path) as indexes:
        remove(sqlite, document)
        sqlite.forget_deleted()
        indexes.maintain()
        assert files_with(tmp_path, canary.encode(), vector) == []
        assert chunks_with(tmp_path / "indexes", canary) == 0
        assert indexes.lexical.search([(canary,)], all_of(collection), 10) == []
        assert not indexes.is_purge_due
    assert files_with(tmp_path, canary.encode(), vector) == []


def test_what_a_closed_server_did_not_forget_is_forgotten_at_the_next_start(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    canary = "zyxwcanar"
    with opened(sqlite, tmp_path) as indexes:
        document = published(sqlite, collection, "b.txt", canary)
        indexes.maintain()
        remove(sqlite, document)
    with opened(sqlite, tmp_path) as indexes:
        assert indexes.is_purge_due
        indexes.maintain()
        assert chunks_with(tmp_path / "indexes", canary) == 0


def test_a_process_that_lives_for_one_question_rewrites_nothing(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        document = published(sqlite, collection, "b.txt", "zyxwcanar")
        indexes.maintain()
        remove(sqlite, document)
    with opened(sqlite, tmp_path, first_purge=600.0) as indexes:
        assert not indexes.is_purge_due
        indexes.maintain()
        assert indexes.lexical.search([("zyxwcanar",)], all_of(collection), 10) == []
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


def test_purging_again_and_again_leaves_one_lexical_index(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    kept = published(sqlite, collection, "a.txt", "garden")
    for _ in range(3):
        with opened(sqlite, tmp_path) as indexes:
            passing = published(sqlite, collection, "b.txt", "garden zyxwcanar")
            indexes.maintain()
            assert lexical(indexes, collection, "garden") == [kept, passing]
            assert chunks_with(tmp_path / "indexes", "zyxwcanar") == 1
            remove(sqlite, passing)
            indexes.purge()
            assert lexical(indexes, collection, "garden") == [kept]
            later = published(sqlite, collection, "c.txt", "garden wall")
            indexes.maintain()
            assert lexical(indexes, collection, "garden") == [kept, later]
            remove(sqlite, later)
            indexes.purge()
            assert len([path for path in (tmp_path / "indexes").iterdir() if path.is_dir()]) == 1
        assert chunks_with(tmp_path / "indexes", "zyxwcanar") == 0


def test_half_a_lexical_index_is_taken_away(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with opened(sqlite, tmp_path) as indexes:
        kept = published(sqlite, collection, "a.txt", "garden")
        indexes.maintain()
    shutil.copytree(tmp_path / "indexes" / "lexical", tmp_path / "indexes" / "lexical-1")
    with opened(sqlite, tmp_path) as indexes:
        assert lexical(indexes, collection, "garden") == [kept]
        assert not (tmp_path / "indexes" / "lexical-1").exists()


def test_documents_come_and_go_beside_merging_and_purging(
    database: Database, tmp_path: Path
) -> None:
    """Both indexes follow while all is made anew all the time, and the lists find everything."""
    collection = a_collection(database)
    ended = threading.Event()

    def tidy(indexes: Indexes) -> None:
        while not ended.is_set():
            indexes.tidy()
            indexes.purge()
            indexes.dense.merge()

    with opened(database, tmp_path, tiers=LISTS) as indexes, ThreadPoolExecutor(1) as pool:
        standing = {
            published(database, collection, f"{n}.txt", *(f"garden {n} {m}" for m in range(10)))
            for n in range(12)
        }
        indexes.maintain()
        tidying = pool.submit(tidy, indexes)
        try:
            for number in range(40):
                passing = published(database, collection, "passing.txt", f"garden wall {number}")
                indexes.follow()
                assert found_dense(indexes, collection) == standing | {passing}
                assert found_lexical(indexes, collection) == standing | {passing}
                remove(database, passing)
                indexes.catch_up()
                assert found_dense(indexes, collection) == standing
        finally:
            ended.set()
        tidying.result()
        indexes.maintain()
        indexes.dense.merge()
        assert indexes.dense.state.main.tier is Tier.IVF
        assert len(indexes.dense) == len(indexes.lexical) == 120


def found_dense(indexes: Indexes, collection: int) -> set[int]:
    near = indexes.dense.search(QUESTION, all_of(collection), 1_000)
    return {hit.document_id for hit in near}


def found_lexical(indexes: Indexes, collection: int) -> set[int]:
    hits = indexes.lexical.search([("garden",)], all_of(collection), 1_000)
    return {hit.document_id for hit in hits}


@dataclass(frozen=True, slots=True)
class LongMerge:
    """Indexes, and a thread in which lists are trained over many rows."""

    indexes: Indexes
    thread: threading.Thread


@contextmanager
def long_merge(database: Database, folder: Path) -> Iterator[LongMerge]:
    vectors = np.random.default_rng(0).standard_normal((200_000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    indexes = Indexes(database, EMBEDDER.model, folder / "indexes", tiers=SLOW)
    indexes.dense.add(10**6, 10**6, range(10**6, 10**6 + len(vectors)), vectors)
    thread = threading.Thread(target=indexes.tidy)
    thread.start()
    with closing(indexes):
        yield LongMerge(indexes, thread)


def test_new_documents_are_found_before_a_long_merge_ends(
    sqlite: Database, collection: int, tmp_path: Path
) -> None:
    with long_merge(sqlite, tmp_path) as merge:
        first = published(sqlite, collection, "a.txt", "garden")
        merge.indexes.follow()
        assert found_dense(merge.indexes, collection) == {first}
        assert found_lexical(merge.indexes, collection) == {first}
        remove(sqlite, first)
        merge.indexes.follow()
        assert found_dense(merge.indexes, collection) == set()
        assert found_lexical(merge.indexes, collection) == set()
        assert merge.thread.is_alive()
        assert len(merge.indexes.dense.state.main) == 0


def test_closing_ends_a_long_merge(sqlite: Database, tmp_path: Path) -> None:
    with long_merge(sqlite, tmp_path) as merge:
        assert merge.thread.is_alive()
    merge.thread.join(5.0)
    assert not merge.thread.is_alive()
    assert len(merge.indexes.dense.state.main) == 0
