"""Transactions: one writer, readers that change nothing, and migrations."""

from __future__ import annotations

import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text, update
from sqlalchemy.exc import DBAPIError

import retrieval.migrations
from retrieval.database import Database
from retrieval.errors import DatabaseInUse, DatabaseUnusable, DataFormatTooNew
from retrieval.schema import counters, metadata
from retrieval.store import create_collection, current_seq, delete_document, list_collections
from tests.fixtures.waiting import until
from tests.retrieval.filling import a_collection, published


def sqlite(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/cloister.db")
    database.migrate()
    return database


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [collection.name for collection in list_collections(connection)]


def count_up(database: Database, times: int) -> None:
    for _ in range(times):
        with database.write() as connection:
            seq = current_seq(connection)
            counter = update(counters).where(counters.c.name == "seq")
            connection.execute(counter.values(value=seq + 1))


def count_up_in_a_process(url: str, times: int) -> None:
    with closing(Database(url)) as database, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: count_up(database, times), range(2)))


@pytest.mark.parametrize("mode", ["read", "write"])
def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path, mode: str) -> None:
    with closing(sqlite(tmp_path)) as database, getattr(database, mode)() as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as connection:
        create_collection(connection, "by a reader")
    assert names(database) == []


def test_a_reader_sees_one_state(database: Database) -> None:
    with database.read() as connection:
        assert list_collections(connection) == []
        a_collection(database, "meanwhile")
        assert list_collections(connection) == []
    assert names(database) == ["meanwhile"]


def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="halfway"), database.write() as connection:
        create_collection(connection, "half")
        raise RuntimeError("halfway")
    assert names(database) == []
    a_collection(database, "whole")
    assert names(database) == ["whole"]


def test_threads_write_one_after_the_other(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: count_up(database, 25), range(4)))
    with database.read() as connection:
        assert current_seq(connection) == 100


def test_processes_write_one_after_the_other(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        for future in [pool.submit(count_up_in_a_process, url, 25) for _ in range(2)]:
            future.result()
    with database.read() as connection:
        assert current_seq(connection) == 100


def test_the_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    a_collection(database, "kept")
    database.migrate()
    assert names(database) == ["kept"]


def test_writers_who_wait_leave_connections_to_readers(database: Database) -> None:
    names(database)
    with ThreadPoolExecutor(50) as pool, database.write() as connection:
        create_collection(connection, "first")
        waiting = [pool.submit(count_up, database, 1) for _ in range(40)]
        done = [pool.submit(names, database) for _ in range(10)]
        assert [each.result(timeout=20) for each in done] == [[]] * 10
        assert not any(each.done() for each in waiting)
    assert names(database) == ["first"]


def postgresql(request: pytest.FixtureRequest) -> Database:
    return Database(request.getfixturevalue("postgres_url"))


def test_a_postgresql_has_one_server_which_is_named(request: pytest.FixtureRequest) -> None:
    with closing(postgresql(request)) as first, closing(postgresql(request)) as second:
        with first.held("http://first:8080 on one"):
            with (
                pytest.raises(DatabaseInUse, match="in use by http://first:8080 on one"),
                second.held("http://second:8080 on two"),
            ):
                pass
            a_transaction(second)
            a_transaction(first)
        with second.held("http://second:8080 on two"):
            a_transaction(first)


def a_transaction(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("SELECT 1"))


def hold(url: str, pipe: Pipe) -> None:
    with Database(url).held("the first"):
        pipe.send("held")
        pipe.poll(None)


def test_a_server_that_was_killed_holds_no_postgresql(request: pytest.FixtureRequest) -> None:
    context = get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold, args=(request.getfixturevalue("postgres_url"), theirs))
    process.start()
    assert ours.recv() == "held"
    process.kill()
    process.join()
    with closing(postgresql(request)) as second:
        until(lambda: is_free(second))


def is_free(database: Database) -> bool:
    try:
        with database.held("the second"):
            return True
    except DatabaseInUse:
        return False


def test_a_postgresql_that_is_not_there_says_so() -> None:
    with (
        closing(Database("postgresql://nobody@127.0.0.1:9/none")) as database,
        pytest.raises(DatabaseUnusable, match="cannot be used"),
        database.held("a server"),
    ):
        pass


def test_an_sqlite_is_held_with_its_data_folder(tmp_path: Path) -> None:
    with (
        closing(sqlite(tmp_path)) as first,
        closing(sqlite(tmp_path)) as second,
        first.held("the first"),
        second.held("the second"),
    ):
        assert names(second) == []


def test_the_migrations_can_be_taken_back(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", retrieval.migrations.__path__[0])
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with database.read() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    database.migrate()
    a_collection(database, "anew")
    assert names(database) == ["anew"]


def test_a_newer_format_is_refused(database: Database) -> None:
    a_collection(database, "of the future")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DataFormatTooNew, match="9999"):
        database.migrate()
    assert names(database) == ["of the future"]


def test_a_newer_format_stays_as_it_is_byte_for_byte(tmp_path: Path) -> None:
    with closing(sqlite(tmp_path)) as database, database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = hashes(tmp_path)
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        with pytest.raises(DataFormatTooNew):
            database.migrate()
        assert hashes(tmp_path)["cloister.db"] == before["cloister.db"]
    assert hashes(tmp_path) == before


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_deleted_text_is_nowhere_in_the_files(tmp_path: Path) -> None:
    canary = "zyxwcanary"
    with closing(sqlite(tmp_path)) as database:
        collection = a_collection(database)
        document = published(database, collection, "a.txt", f"{canary} one", f"{canary} two")
        published(database, collection, "b.txt", "another text")
        assert files_with(tmp_path, canary)
        with database.write() as connection:
            delete_document(connection, document)
        assert database.forget_deleted()
        assert files_with(tmp_path, canary) == []


def files_with(folder: Path, word: str) -> list[str]:
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    ]


def test_a_reader_puts_forgetting_off(tmp_path: Path) -> None:
    with closing(sqlite(tmp_path)) as database:
        a_collection(database, "first")
        with database.read() as connection:
            list_collections(connection)
            a_collection(database, "second")
            assert not database.forget_deleted()
            assert not database.forget_put_off()
        assert database.forget_put_off()
        assert (tmp_path / "cloister.db-wal").stat().st_size == 0


def test_what_a_killed_process_left_in_the_log_is_read(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite(tmp_path)) as database:
        a_collection(database, "acknowledged")
        for path in tmp_path.glob("cloister.db*"):
            shutil.copy(path, killed)
    assert (killed / "cloister.db-wal").stat().st_size > 0
    with closing(sqlite(killed)) as database:
        assert names(database) == ["acknowledged"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not the URL of a database"),
        ("mysql://user:secret@host/name", "'mysql' are not supported"),
        ("sqlite:////proc/nowhere/cloister.db", "cannot be written"),
    ],
)
def test_what_cannot_be_opened_is_named(url: str, words: str) -> None:
    with pytest.raises(DatabaseUnusable, match=words) as refused:
        Database(url)
    assert "secret" not in refused.value.message
    assert refused.value.advice


def test_a_server_that_cannot_be_reached_is_named() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        database.migrate()
    database.close()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cloister.db"
    path.write_bytes(b"not a database, " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        database.migrate()
    database.close()
    assert path.read_bytes() == b"not a database, " * 100
