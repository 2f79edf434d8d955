"""Data of each earlier format comes into this one, whole."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Connection, Table, insert, inspect, select, text

import retrieval.migrations
from ingest import jobs
from retrieval.contents import read_chunks
from retrieval.database import Database
from retrieval.flags import read_flags
from retrieval.schema import (
    conversations,
    document_uploaders,
    documents,
    groups,
    metadata,
    people,
    turn_documents,
    turn_sources,
    turns,
)
from retrieval.store import get_collection, get_document, set_collection_model, shared_model
from retrieval.types import Scope
from tests.retrieval.filling import a_collection, all_of, published, queued


def downgraded(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", retrieval.migrations.__path__[0])
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_format_0001_becomes_this_one_with_its_data(database: Database) -> None:
    collection = a_collection(database)
    document = published(database, collection, "a.txt", "one", "two")
    downgraded(database, "0001")
    with database.read() as connection:
        assert "turns" not in inspect(connection).get_table_names()
        columns = {column["name"] for column in inspect(connection).get_columns("collections")}
        assert columns == {"id", "name", "created_at"}
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        assert get_collection(connection, collection).model == ""
        assert get_document(connection, document).page_count == 2
        chunks = read_chunks(connection, [1, 2], all_of(collection))
        assert {n: each.chunk.text for n, each in chunks.items()} == {1: "one", 2: "two"}


def test_format_0002_becomes_this_one_with_its_data(database: Database) -> None:
    collection = a_collection(database)
    document = published(database, collection, "a.txt", "one", "two")
    downgraded(database, "0002")
    with database.read() as connection:
        tables = inspect(connection).get_table_names()
        assert "turns" in tables
        assert "document_flags" not in tables
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        assert get_document(connection, document).page_count == 2
        assert read_flags(connection, document, all_of(collection)) == []


def test_format_0003_becomes_this_one_with_its_data(database: Database) -> None:
    collection = a_collection(database)
    document = published(database, collection, "a.txt", "one", "two")
    downgraded(database, "0003")
    with database.write() as connection:
        names = inspect(connection).get_table_names()
        assert not {"people", "groups", "sessions", "grants"} & set(names)
        assert "document_flags" in names
        columns = "title, titled_by_person, folded_title, created_at, updated_at"
        values = "'old', false, 'old', 1, 1"
        connection.execute(text(f"INSERT INTO conversations ({columns}) VALUES ({values})"))
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        assert get_document(connection, document).page_count == 2
        owners = connection.execute(select(conversations.c.title, conversations.c.person_id))
        assert [tuple(row) for row in owners] == [("old", None)]
        assert not connection.scalar(select(documents.c.restricted))


def test_groups_from_before_a_provider_are_filled_by_hand(database: Database) -> None:
    downgraded(database, "0006")
    with database.write() as connection:
        assert "oidc_identities" not in inspect(connection).get_table_names()
        connection.execute(text("INSERT INTO groups (name, created_at) VALUES ('Lawyers', 1)"))
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        rows = connection.execute(select(groups.c.name, groups.c.from_oidc))
        assert [tuple(row) for row in rows] == [("Lawyers", False)]


def test_jobs_that_wait_already_take_turns(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        for name in ("Ada", "Bob"):
            person = {"name": name, "folded_name": name, "created_at": 1}
            rights = {"is_administrator": False, "suspended": False}
            connection.execute(insert(people).values(**person, **rights))
        for n, owner in enumerate((1, 1, 1, 2, None), start=1):
            document = queued(connection, collection, f"{n}.txt", f"{n}")
            jobs.enqueue(connection, document.id, 1, owner)
            if owner:
                row = {"document_id": document.id, "person_id": owner}
                connection.execute(insert(document_uploaders).values(row))
    downgraded(database, "0008")
    database.migrate()
    with database.write() as connection:
        assert differences(connection) == []
        order = [jobs.claim(connection, "1-a", jobs.Wanted.NEW) for _ in range(5)]
    assert [lease.job_id for lease in order if lease] == [1, 4, 5, 2, 3]


def test_the_model_of_a_scope_is_the_one_that_all_name(database: Database) -> None:
    one, two = a_collection(database, "one"), a_collection(database, "two")
    inside = published(database, two, "a.txt", "text")
    with database.write() as connection:
        assert shared_model(connection, all_of(one, two)) == ""
        assert set_collection_model(connection, one, "house").model == "house"
        assert shared_model(connection, all_of(one)) == "house"
        assert shared_model(connection, all_of(one, two)) == ""
        by_document = Scope(frozenset({one}), frozenset({inside}))
        assert shared_model(connection, by_document) == ""
        set_collection_model(connection, two, "house")
        assert shared_model(connection, by_document) == "house"
        assert shared_model(connection, Scope()) == ""


def test_turns_learn_of_the_documents_of_those_before_them(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(conversations).values(**_filled(conversations, id=1)))
        for turn, parent in ((1, None), (2, 1), (3, 2), (4, 1)):
            named = {"id": turn, "conversation_id": 1, "parent_id": parent}
            connection.execute(insert(turns).values(**_filled(turns, **named)))
            source = {"turn_id": turn, "n": 1, "document_id": 10 * turn}
            connection.execute(insert(turn_sources).values(**_filled(turn_sources, **source)))
        unseen = {"turn_id": 1, "n": 2, "document_id": 99, "left_out": True}
        connection.execute(insert(turn_sources).values(**_filled(turn_sources, **unseen)))
    downgraded(database, "0009")
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        rows = connection.execute(select(turn_documents.c.turn_id, turn_documents.c.document_id))
        before = {(2, 10), (3, 10), (3, 20), (4, 10)}
        assert {tuple(row) for row in rows} == before | {(n, 10 * n) for n in (1, 2, 3, 4)}


def test_answers_on_documents_that_are_gone_are_closed_but_for_the_operator(
    database: Database,
) -> None:
    there = published(database, a_collection(database), "a.txt", "text")
    with database.write() as connection:
        connection.execute(insert(people).values(**_filled(people, id=1)))
        for number, person in ((1, None), (2, 1)):
            owned = {"id": number, "person_id": person}
            connection.execute(insert(conversations).values(**_filled(conversations, **owned)))
            named = {"id": number, "conversation_id": number}
            connection.execute(insert(turns).values(**_filled(turns, **named)))
            for n, document in enumerate((there, 99)):
                source = {"turn_id": number, "n": n, "document_id": document}
                connection.execute(insert(turn_sources).values(**_filled(turn_sources, **source)))
    downgraded(database, "0011")
    database.migrate()
    with database.read() as connection:
        assert differences(connection) == []
        rows = connection.execute(select(turn_documents)).all()
        closed = {(1, there, False), (1, 99, False), (2, there, False), (2, 99, True)}
        assert {tuple(row) for row in rows} == closed


def _filled(table: Table, **values: object) -> dict[str, object]:
    """A row of these values, and of empty ones where something must stand."""
    empty = {
        each.name: [] if isinstance(each.type, JSON) else each.type.python_type()
        for each in table.c
        if not each.nullable and not each.primary_key
    }
    return empty | values
