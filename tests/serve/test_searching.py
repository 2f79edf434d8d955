"""What answers questions follows the store, whatever goes wrong on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.embedder_choice import EmbedderChoice
from retrieval.schema import vectors
from retrieval.store import current_seq, delete_document
from serve.audit.journal import Journal
from serve.searching import Searching
from tests.fixtures.waiting import until
from tests.retrieval.filling import a_collection, put, queued

EMBEDDER = HashEmbedder()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        yield database


@contextmanager
def searching_over(
    database: Database, folder: Path, when_ready: Callable[[], None] = lambda: None
) -> Iterator[Searching]:
    choice = EmbedderChoice(folder / "embedders", "hash")
    made = Searching(database, choice, folder / "indexes", Journal(database))
    made.start(when_ready, lambda: None)
    try:
        yield made
    finally:
        made.stop()


def published(database: Database, collection: int, text: str) -> int:
    with database.write() as connection:
        document = queued(connection, collection, f"{text}.txt", text)
        put(connection, document.id, [text], EMBEDDER)
        return document.id


def has_followed(searching: Searching, database: Database) -> bool:
    with database.read() as connection:
        return searching.seq == current_seq(connection)


def test_following_goes_on_after_an_error_that_nobody_foresaw(
    sqlite: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collection = a_collection(sqlite)
    with searching_over(sqlite, tmp_path) as searching:
        searching.engine.result(20)
        with sqlite.write() as connection:
            document = queued(connection, collection, "a.txt", "garden")
            put(connection, document.id, ["garden"], EMBEDDER)
            connection.execute(update(vectors).values(vector=b"torn"))
        until(lambda: "trying again" in caplog.text)
        assert "ValueError" in caplog.text
        assert searching.seq == 0
        whole = EMBEDDER.embed_documents(["garden"]).astype("<f2").tobytes()
        with sqlite.write() as connection:
            connection.execute(update(vectors).values(vector=whole))
        until(lambda: has_followed(searching, sqlite))


def test_what_is_to_start_with_searching_is_tried_again(sqlite: Database, tmp_path: Path) -> None:
    tries: list[int] = []

    def fail_once() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("no threads left")

    with searching_over(sqlite, tmp_path, fail_once) as searching:
        until(lambda: len(tries) == 2)
        published(sqlite, a_collection(sqlite), "garden")
        until(lambda: has_followed(searching, sqlite))
    assert len(tries) == 2


def test_what_a_reader_kept_in_the_log_is_forgotten_once_it_is_gone(
    sqlite: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "cloister.db-wal"
    collection = a_collection(sqlite)
    with caplog.at_level(logging.INFO), searching_over(sqlite, tmp_path) as searching:
        document = published(sqlite, collection, "zyxwcanary")
        until(lambda: has_followed(searching, sqlite))
        with sqlite.read() as reader:
            current_seq(reader)
            with sqlite.write() as connection:
                delete_document(connection, document)
            assert not sqlite.forget_deleted()
            assert b"zyxwcanary" in log.read_bytes()
        until(lambda: log.stat().st_size == 0)
        assert b"zyxwcanary" not in (tmp_path / "cloister.db").read_bytes()
    assert caplog.text.count("it is emptied later") == 1
