"""The audit log: added to by many at once, never changed unseen, on both databases."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DatabaseError

from retrieval.database import Database
from serve.audit.acting import Acting, acting_as
from serve.audit.acts import Act
from serve.audit.chain import Verdict, verdict_on
from serve.audit.errors import AuditUnavailable
from serve.audit.export import record_lines
from serve.audit.journal import Journal
from serve.audit.log import AuditFilter, Head, head_of, note, records_after, records_before
from serve.audit.record import BEGINNING, canonical, hash_of
from serve.caller import OPERATOR, Caller
from serve.people import store
from serve.people.errors import AccessRevoked, LastAdministrator
from serve.people.sessions import caller_of_session, open_session
from serve.revocation import Watch
from tests.fixtures.waiting import until

COPIED = "at, actor_kind, actor, person_id, key_id, act, subject, details, request_id, address"


def noted(database: Database, *subjects: str) -> None:
    for subject in subjects:
        with database.write() as connection:
            note(connection, Act.GROUP_CREATED, subject, name="Jørgen")


def verdict(database: Database, known: Head | None = None) -> Verdict:
    with database.read() as connection:
        return verdict_on(connection, known)


def subjects(database: Database) -> list[str]:
    with database.read() as connection:
        return [each.subject for each in records_after(connection, AuditFilter(), 0)]


def test_each_record_follows_the_one_before(database: Database) -> None:
    ann = Acting(Caller(7, "Ann", key_id=3), "request-1", "10.0.0.1")
    with acting_as(ann):
        noted(database, "group:1")
    noted(database, "group:2")
    with database.read() as connection:
        first, second = records_after(connection, AuditFilter(), 0)
        assert head_of(connection) == Head(2, second.hash)
    assert (first.seq, first.previous, second.previous) == (1, BEGINNING, first.hash)
    assert (first.actor_kind, first.actor, first.person_id, first.key_id) == ("key", "Ann", 7, 3)
    assert (first.request_id, first.address) == ("request-1", "10.0.0.1")
    assert (second.actor_kind, second.actor) == ("server", "server")
    told = asdict(first)
    assert told.pop("hash") == hash_of(told)
    assert verdict(database) == Verdict(2, Head(2, second.hash))


def test_an_empty_log_is_whole(database: Database) -> None:
    assert verdict(database) == Verdict(0, None)
    assert not verdict(database, Head(1, BEGINNING)).is_whole


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log SET subject = 'group:9' WHERE seq = 2",
        "UPDATE audit_log SET seq = 7 WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq = 2",
        "DELETE FROM audit_log",
        f"INSERT INTO audit_log (seq, {COPIED}, previous, hash) "
        f"SELECT 2, {COPIED}, previous, hash FROM audit_log WHERE seq = 3",
        f"INSERT INTO audit_log (seq, {COPIED}, previous, hash) "
        f"SELECT 9, {COPIED}, previous, hash FROM audit_log WHERE seq = 3",
    ],
)
def test_the_database_refuses_all_but_the_next_record(database: Database, change: str) -> None:
    noted(database, "group:1", "group:2", "group:3")
    with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
        connection.execute(text(change))
    assert verdict(database).records == 3


def test_sqlite_replaces_no_record_and_postgresql_empties_no_table(database: Database) -> None:
    noted(database, "group:1", "group:2")
    change = (
        f"INSERT OR REPLACE INTO audit_log (seq, {COPIED}, previous, hash) "
        f"SELECT 1, {COPIED}, previous, hash FROM audit_log WHERE seq = 2"
        if database.is_sqlite
        else "TRUNCATE audit_log"
    )
    with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
        connection.execute(text(change))
    assert subjects(database) == ["group:1", "group:2"]


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """A transaction of somebody who can drop triggers."""
    with database.write() as connection:
        names = ("no_update", "no_delete", "in_order")
        if database.is_sqlite:
            for name in names:
                connection.execute(text(f"DROP TRIGGER audit_log_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
        yield connection


def changed(connection: Connection) -> None:
    connection.execute(text("UPDATE audit_log SET actor = 'Bob' WHERE seq = 3"))


def respaced(connection: Connection) -> None:
    connection.execute(text("UPDATE audit_log SET details = ' ' || details WHERE seq = 3"))


def malformed(connection: Connection) -> None:
    connection.execute(text("UPDATE audit_log SET details = '{' WHERE seq = 3"))


def removed(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit_log WHERE seq = 2"))


def closed_up(connection: Connection) -> None:
    removed(connection)
    for seq in (3, 4, 5):
        connection.execute(text(f"UPDATE audit_log SET seq = {seq - 1} WHERE seq = {seq}"))


def inserted(connection: Connection) -> None:
    for seq in (5, 4, 3):
        connection.execute(text(f"UPDATE audit_log SET seq = {seq + 1} WHERE seq = {seq}"))
    connection.execute(
        text(
            f"INSERT INTO audit_log (seq, {COPIED}, previous, hash) "
            f"SELECT 3, {COPIED}, hash, hash FROM audit_log WHERE seq = 2"
        )
    )


def reordered(connection: Connection) -> None:
    for before, after in ((3, 99), (4, 3), (99, 4)):
        connection.execute(text(f"UPDATE audit_log SET seq = {after} WHERE seq = {before}"))


def without_the_beginning(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit_log WHERE seq = 1"))


@pytest.mark.parametrize(
    ("tamper", "at"),
    [
        (changed, 3),
        (respaced, 3),
        (malformed, 3),
        (removed, 3),
        (closed_up, 2),
        (inserted, 3),
        (reordered, 3),
        (without_the_beginning, 2),
    ],
)
def test_tampering_is_found_where_it_begins(
    database: Database, tamper: Callable[[Connection], None], at: int
) -> None:
    noted(database, *(f"group:{n}" for n in range(1, 6)))
    with unguarded(database) as connection:
        tamper(connection)
    assert verdict(database).broken_at == at


def test_a_cut_end_is_found_by_a_head_that_was_kept(database: Database) -> None:
    noted(database, "group:1", "group:2", "group:3")
    kept = verdict(database).head
    noted(database, "group:4")
    assert verdict(database, kept).is_whole
    with unguarded(database) as connection:
        connection.execute(text("DELETE FROM audit_log WHERE seq > 2"))
    assert verdict(database).is_whole
    assert verdict(database, kept).broken_at == 3


def test_a_chain_written_anew_is_found_by_a_head_that_was_kept(database: Database) -> None:
    noted(database, "group:1", "group:2")
    kept = verdict(database).head
    with unguarded(database) as connection:
        connection.execute(text("DELETE FROM audit_log"))
        note(connection, Act.GROUP_CREATED, "group:1", name="another")
        note(connection, Act.GROUP_CREATED, "group:2", name="another")
    assert verdict(database).is_whole
    assert verdict(database, kept).broken_at == 2


def test_a_refused_act_leaves_no_record_and_an_unrecorded_one_is_undone(
    database: Database,
) -> None:
    with database.write() as connection:
        ada = store.create_person(connection, "Ada", is_administrator=True)
    before = subjects(database)
    with pytest.raises(LastAdministrator), database.write() as connection:
        store.create_person(connection, "Bea")
        store.suspend(connection, ada.id)
    assert subjects(database) == before
    with database.read() as connection:
        assert [each.name for each in store.list_people(connection)] == ["Ada"]
    with database.write() as connection:
        connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
    with pytest.raises(DatabaseError), database.write() as connection:
        store.create_person(connection, "Bea")
    with database.read() as connection:
        assert [each.name for each in store.list_people(connection)] == ["Ada"]


def write_some(url: str, name: str, count: int) -> None:
    with closing(Database(url)) as database:
        noted(database, *(f"{name}:{n}" for n in range(count)))


def test_processes_and_threads_write_one_chain(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=write_some, args=(url, f"p{n}", 15)) for n in range(2)]
    names = [f"t{n}" for n in range(3)]
    threads = [
        threading.Thread(target=noted, args=(database, *(f"{name}:{n}" for n in range(15))))
        for name in names
    ]
    journal = Journal(database)
    journal.start()
    writers: list[SpawnProcess | threading.Thread] = [*processes, *threads]
    for each in writers:
        each.start()
    for n in range(15):
        journal.record(Act.SEARCHED, f"j:{n}")
    for each in writers:
        each.join()
    journal.close()
    assert verdict(database).records == 90
    found = subjects(database)
    for name in ("p0", "p1", "j", *names):
        own = [each for each in found if each.startswith(name + ":")]
        assert own == [f"{name}:{n}" for n in range(15)]


def test_reads_of_one_moment_share_a_commit(database: Database) -> None:
    journal = Journal(database)
    waiting = [journal.submit(Act.SEARCHED, "", documents=[n]) for n in range(100)]
    commits: list[Connection] = []
    counted = commits.append
    event.listen(Engine, "commit", counted)
    try:
        journal.start()
        for each in waiting:
            each.result(20)
    finally:
        event.remove(Engine, "commit", counted)
    assert len(commits) == 1
    journal.close()
    assert verdict(database).records == 100


def test_while_nothing_can_be_written_reads_go_on_and_are_recorded_later(
    database: Database,
) -> None:
    journal = Journal(database)
    journal.start()
    with acting_as(Acting(OPERATOR, "r", "local")):
        journal.record(Act.SEARCHED, "a")
    with database.write() as connection:
        connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
    journal.record(Act.SEARCHED, "b")
    journal.record(Act.SEARCHED, "c")
    with database.write() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO audit_log"))
    until(lambda: len(subjects(database)) == 3)
    journal.close()
    assert subjects(database) == ["a", "b", "c"]
    assert verdict(database).is_whole


def test_too_many_waiting_records_refuse_what_would_be_read(database: Database) -> None:
    journal = Journal(database)
    with pytest.raises(AuditUnavailable):
        for n in range(10_001):
            journal.submit(Act.SEARCHED, str(n))


def test_records_are_chosen_by_time_actor_act_and_subject(database: Database) -> None:
    with acting_as(Acting(Caller(7, "Ann"), "r", "10.0.0.1")):
        noted(database, "group:1")
    noted(database, "group:2")
    middle = datetime.now(UTC)
    with acting_as(Acting(Caller(7, "Ann"), "r", "10.0.0.1")), database.write() as connection:
        note(connection, Act.GRANT_GIVEN, "collection:1", role="reader")

    def found(**wanted: object) -> list[str]:
        with database.read() as connection:
            chosen = AuditFilter(**wanted)  # type: ignore[arg-type]
            return [each.subject for each in records_before(connection, chosen, None, 10)]

    assert found() == ["collection:1", "group:2", "group:1"]
    assert found(actor="ann") == found(person_id=7) == ["collection:1", "group:1"]
    assert found(act="group.*") == ["group:2", "group:1"]
    assert found(act="grant.given") == found(since=middle) == ["collection:1"]
    assert found(until=middle, subject="group:2") == ["group:2"]
    assert found(act="g%") == []


def test_an_export_is_enough_to_check_the_chain_anew(database: Database) -> None:
    noted(database, "group:1", "group:2", "group:3")
    lines = list(record_lines(database, AuditFilter(), 2))
    previous = BEGINNING
    for line in lines:
        told = json.loads(line)
        assert canonical(told) + "\n" == line
        digest = told.pop("hash")
        assert (told["previous"], hash_of(told)) == (previous, digest)
        previous = digest
    assert len(lines) == 2


def test_who_administers_no_more_takes_the_log_no_further(database: Database) -> None:
    with database.write() as connection:
        store.create_person(connection, "ada", is_administrator=True)
        eve = store.create_person(connection, "eve", is_administrator=True).id
        found = caller_of_session(connection, open_session(connection, eve, ""))
    assert found is not None
    watch = Watch(database, found.caller, seconds=0.0)
    lines = record_lines(database, AuditFilter(), 100)
    taken = watch.while_allowed(lines, watch.check_administrator)
    assert "person.created" in next(taken)
    with database.write() as connection:
        store.set_administrator(connection, eve, False)
    with pytest.raises(AccessRevoked):
        next(taken)
    with pytest.raises(StopIteration):
        next(lines)
