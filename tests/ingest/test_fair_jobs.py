"""Those who queue little wait for little, however much others have queued."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update

from ingest import jobs
from ingest.jobs import Stage, Wanted
from retrieval.database import Database
from retrieval.schema import documents
from retrieval.schema import jobs as table
from tests.retrieval.filling import a_collection, queued

MANY = 50_000


@pytest.fixture
def collection(database: Database) -> int:
    return a_collection(database)


def enqueued(database: Database, collection: int, owner: int | None, *names: str) -> list[int]:
    with database.write() as connection:
        return [
            jobs.enqueue(connection, queued(connection, collection, name, name).id, 7, owner)
            for name in names
        ]


def claimed(database: Database, wanted: Wanted = Wanted.NEW) -> int | None:
    with database.write() as connection:
        lease = jobs.claim(connection, "1-a", wanted)
    return lease.job_id if lease else None


def test_a_single_upload_waits_for_one_of_anothers_and_not_for_all(
    database: Database, collection: int
) -> None:
    many = enqueued(database, collection, 1, *(f"many {n}" for n in range(20)))
    assert [claimed(database) for _ in range(5)] == many[:5]
    single = enqueued(database, collection, 2, "single")
    assert [claimed(database) for _ in range(3)] == [many[5], *single, many[6]]


def test_people_and_the_operator_take_turns(database: Database, collection: int) -> None:
    of_one = enqueued(database, collection, 1, "a", "b", "c")
    of_two = enqueued(database, collection, 2, "d", "e")
    of_operator = enqueued(database, collection, None, "f", "g")
    order = [claimed(database) for _ in range(7)]
    first, second = (of_one[0], of_two[0], of_operator[0]), (of_one[1], of_two[1], of_operator[1])
    assert order == [*first, *second, of_one[2]]


def test_who_uploads_one_after_the_other_never_falls_behind(
    database: Database, collection: int
) -> None:
    many = set(enqueued(database, collection, 1, *(f"many {n}" for n in range(20))))
    for n in range(5):
        (mine,) = enqueued(database, collection, 2, f"mine {n}")
        assert {claimed(database), claimed(database)} - many == {mine}


def test_newcomers_are_those_none_of_whose_jobs_is_running(
    database: Database, collection: int
) -> None:
    enqueued(database, collection, 1, "a", "b")
    enqueued(database, collection, None, "c", "d")
    newcomers = Wanted.OF_NEWCOMERS
    first, second = (claimed(database, newcomers) for _ in range(2))
    assert None not in (first, second)
    assert claimed(database, newcomers) is None
    (later,) = enqueued(database, collection, 2, "e")
    assert claimed(database, newcomers) == later
    assert claimed(database, newcomers) is None
    with database.write() as connection:
        lease = jobs.Lease(first or 0, 1, "1-a")
        jobs.finish(connection, lease)
    assert claimed(database, newcomers) is not None


def test_what_is_tried_again_goes_behind_ones_own(database: Database, collection: int) -> None:
    failed, *others = enqueued(database, collection, 1, "a", "b", "c")
    with database.write() as connection:
        lease = jobs.claim(connection, "1-a")
        assert lease is not None
        jobs.fail(connection, lease, "damaged_file", "The file is damaged.")
        jobs.retry(connection, failed)
    (single,) = enqueued(database, collection, 2, "single")
    assert [claimed(database) for _ in range(4)] == [others[0], single, others[1], failed]


def filled(connection: Connection, collection: int) -> None:
    """A queue of one person's jobs, behind as many that are done."""
    row = {
        "collection_id": collection,
        "size_bytes": 7,
        "media_type": "text/plain",
        "state": "queued",
        "created_at": 0.0,
        "updated_at": 0.0,
    }
    names = ({"name": f"{n}", "content_sha256": f"{n}"} for n in range(2 * MANY))
    connection.execute(insert(documents), [row | name for name in names])
    found = connection.scalars(select(documents.c.id).order_by(documents.c.id)).all()
    job = {
        "done": 0,
        "total": 7,
        "unit": "bytes",
        "cancel_requested": False,
        "created_at": 0.0,
        "updated_at": 0.0,
        "owner_id": 1,
    }
    done = [
        job | {"document_id": each, "stage": "ready", "attempts": 1, "round": n}
        for n, each in enumerate(found[:MANY])
    ]
    waiting = [
        job | {"document_id": each, "stage": "queued", "attempts": 0, "round": n}
        for n, each in enumerate(found[MANY:])
    ]
    connection.execute(insert(table), done + waiting)


@pytest.mark.slow
def test_a_long_queue_is_read_by_its_indexes_alone(database: Database, collection: int) -> None:
    with database.write() as connection:
        filled(connection, collection)
    with database.write() as connection:
        connection.exec_driver_sql("ANALYZE")
    asked: list[tuple[str, Any]] = []
    with database.write() as connection:
        document = queued(connection, collection, "single", "single")

        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.startswith("SELECT"):
                asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        jobs.enqueue(connection, document.id, 7, owner_id=2)
        assert jobs.is_work_waiting(connection, Wanted.NEW)
        assert not jobs.is_work_waiting(connection, Wanted.TRIED)
        assert jobs.is_work_waiting(connection, Wanted.OF_NEWCOMERS)
        assert jobs.claim(connection, "1-a", Wanted.NEW) is not None
        event.remove(connection, "before_cursor_execute", note)
        plans = [plan_of(connection, *each) for each in asked]
    assert len(plans) >= 5
    assert [plan for plan in plans if "scan jobs" in plan and "index" not in plan] == []
    assert [plan for plan in plans if "seq scan on jobs" in plan] == []


def plan_of(connection: Connection, statement: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return "\n".join(" ".join(map(str, row)) for row in rows).lower()


def test_a_lease_that_ran_out_is_taken_over_before_what_waits(
    database: Database, collection: int
) -> None:
    first, second = enqueued(database, collection, 1, "a", "b")
    assert claimed(database) == first
    with database.write() as connection:
        connection.execute(update(table).values(lease_until=0.0))
        left = connection.scalars(select(table.c.id).where(table.c.stage == Stage.PARSING.value))
        assert left.all() == [first]
    assert claimed(database, Wanted.TRIED) == first
    assert claimed(database) == second
