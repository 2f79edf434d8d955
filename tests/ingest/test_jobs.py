"""The queue hands each job to one worker, whatever workers and clocks do."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from multiprocessing import get_context

import pytest
from sqlalchemy import select, update

from ingest import jobs
from ingest.errors import JobCancelled
from ingest.job_listing import Job, JobFilter, get_job, list_jobs
from ingest.jobs import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    MAX_CRASHES,
    Lease,
    Progress,
    Stage,
)
from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.schema import jobs as table
from retrieval.store import delete_document, get_document
from retrieval.types import Document, DocumentState, Scope
from tests.retrieval.filling import a_collection, all_of, put, queued

SCOPE = all_of(1)


@pytest.fixture
def collection(database: Database) -> int:
    return a_collection(database)


def enqueued(database: Database, collection: int, count: int = 1) -> list[int]:
    with database.write() as connection:
        return [
            jobs.enqueue(connection, queued(connection, collection, f"{n}.txt", f"text {n}").id, 7)
            for n in range(count)
        ]


def claimed(database: Database, worker: str = "1-a") -> Lease:
    with database.write() as connection:
        lease = jobs.claim(connection, worker)
    assert lease is not None
    return lease


def nothing_to_claim(database: Database) -> bool:
    with database.write() as connection:
        return jobs.claim(connection, "other") is None


def job(database: Database, job_id: int) -> Job:
    with database.read() as connection:
        return get_job(connection, job_id, SCOPE)


def document(database: Database, document_id: int) -> Document:
    with database.read() as connection:
        return get_document(connection, document_id)


def pass_time(database: Database, seconds: float) -> None:
    """The clock jumps: what was written lies further back, or ahead where it jumps back."""
    with database.write() as connection:
        connection.execute(update(table).values(lease_until=table.c.lease_until - seconds))


def claim_all(database: Database, worker: str) -> list[int]:
    found: list[int] = []
    while True:
        with database.write() as connection:
            lease = jobs.claim(connection, worker)
        if lease is None:
            return found
        found.append(lease.job_id)


def claim_all_in_a_process(url: str, worker: str) -> list[int]:
    with closing(Database(url)) as database:
        return claim_all(database, worker)


def test_jobs_are_claimed_in_their_order(database: Database, collection: int) -> None:
    ids = enqueued(database, collection, 3)
    assert claim_all(database, "1-a") == ids
    assert nothing_to_claim(database)


def test_threads_claim_no_job_twice(database: Database, collection: int) -> None:
    ids = enqueued(database, collection, 80)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: claim_all(database, f"w{n}"), range(4)))
    assert sorted(chain.from_iterable(found)) == ids


def test_processes_claim_no_job_twice(database: Database, collection: int) -> None:
    ids = enqueued(database, collection, 80)
    url = database.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(4, mp_context=get_context("forkserver")) as pool:
        futures = [pool.submit(claim_all_in_a_process, url, f"w{n}") for n in range(4)]
        found = [future.result() for future in futures]
    assert sorted(chain.from_iterable(found)) == ids


def test_a_claimed_job_is_being_parsed(database: Database, collection: int) -> None:
    (job_id,) = enqueued(database, collection)
    lease = claimed(database)
    assert job(database, job_id).stage is Stage.PARSING
    assert job(database, job_id).attempts == 1
    assert document(database, lease.document_id).state is DocumentState.PARSING


def test_a_job_whose_lease_ran_out_is_taken_over(database: Database, collection: int) -> None:
    enqueued(database, collection)
    first = claimed(database, "1-a")
    assert nothing_to_claim(database)
    pass_time(database, LEASE_SECONDS + 1)
    second = claimed(database, "2-a")
    assert second.job_id == first.job_id
    assert job(database, first.job_id).attempts == 2


def test_a_worker_that_lost_its_lease_cannot_do_anything(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    first = claimed(database, "1-a")
    pass_time(database, LEASE_SECONDS + 1)
    second = claimed(database, "2-a")
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.renew(connection, first)
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.finish(connection, first)
        put(connection, first.document_id, ["stale"])
    with database.write() as connection:
        jobs.fail(connection, first, "damaged_file", "by the first")
        jobs.give_back(connection, first)
    assert job(database, first.job_id).stage is Stage.PARSING
    assert document(database, first.document_id).seq is None
    with database.write() as connection:
        jobs.finish(connection, second)
        put(connection, second.document_id, ["fresh"])
    assert job(database, first.job_id).stage is Stage.READY
    assert document(database, first.document_id).state is DocumentState.READY


def test_a_heartbeat_keeps_the_lease(database: Database, collection: int) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    for _ in range(3):
        pass_time(database, LEASE_SECONDS - 1)
        with database.write() as connection:
            jobs.renew(connection, lease)
    assert nothing_to_claim(database)


def test_progress_is_written_down(database: Database, collection: int) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        jobs.renew(connection, lease, Progress(Stage.EMBEDDING, 3, 9, "chunks"))
    now = job(database, lease.job_id)
    assert (now.stage, now.done, now.total, now.unit) == (Stage.EMBEDDING, 3, 9, "chunks")
    assert document(database, lease.document_id).state is DocumentState.EMBEDDING


def test_a_waiting_job_is_cancelled_at_once(database: Database, collection: int) -> None:
    (job_id,) = enqueued(database, collection)
    with database.write() as connection:
        jobs.cancel(connection, job_id)
    assert job(database, job_id).stage is Stage.CANCELLED
    assert document(database, job(database, job_id).document_id).error_code == "cancelled"
    assert nothing_to_claim(database)


def test_a_running_job_is_cancelled_at_its_next_heartbeat(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        jobs.cancel(connection, lease.job_id)
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.renew(connection, lease)
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.finish(connection, lease)
    with database.write() as connection:
        jobs.fail(connection, lease, "cancelled", "Cancelled.")
    assert job(database, lease.job_id).stage is Stage.CANCELLED
    assert nothing_to_claim(database)


def test_a_job_that_is_wanted_again_while_it_is_cancelled_begins_anew(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        jobs.cancel(connection, lease.job_id)
        jobs.retry(connection, lease.job_id)
    assert document(database, lease.document_id).state is DocumentState.QUEUED
    again = claimed(database, "2-a")
    assert again.job_id == lease.job_id
    with database.write() as connection:
        jobs.fail(connection, lease, JobCancelled.code, "Cancelled.")
        jobs.finish(connection, again)
    assert job(database, lease.job_id).stage is Stage.READY


def test_a_cancelled_job_stays_cancelled_when_its_worker_dies(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    lease = claimed(database, "1-a")
    with database.write() as connection:
        jobs.cancel(connection, lease.job_id)
        jobs.release(connection, "1-")
    again = claimed(database, "2-a")
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.finish(connection, again)


def test_a_failed_job_can_be_retried(database: Database, collection: int) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        jobs.renew(connection, lease, Progress(Stage.EMBEDDING, 3, 9, "chunks"))
        jobs.fail(connection, lease, "damaged_file", "The file is damaged.")
    failed = document(database, lease.document_id)
    assert (failed.state, failed.error_code) == (DocumentState.FAILED, "damaged_file")
    assert nothing_to_claim(database)
    with database.write() as connection:
        jobs.retry(connection, lease.job_id)
    waiting = document(database, lease.document_id)
    assert (waiting.state, waiting.error_code) == (DocumentState.QUEUED, None)
    now = job(database, lease.job_id)
    assert (now.done, now.total, now.unit) == (0, waiting.size_bytes, "bytes")
    assert claimed(database).job_id == lease.job_id
    assert job(database, lease.job_id).attempts == 1


def test_a_running_job_is_not_disturbed_by_a_retry(database: Database, collection: int) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        jobs.retry(connection, lease.job_id)
        jobs.finish(connection, lease)
    assert job(database, lease.job_id).stage is Stage.READY


def test_after_three_deaths_a_job_is_set_aside_and_others_go_on(
    database: Database, collection: int
) -> None:
    poison, healthy = enqueued(database, collection, 2)
    for attempt in range(MAX_ATTEMPTS):
        assert claimed(database, f"{attempt}-a").job_id == poison
        with database.write() as connection:
            jobs.release(connection, f"{attempt}-")
    assert claimed(database).job_id == healthy
    ended = job(database, poison)
    assert (ended.stage, ended.error_code) == (Stage.FAILED, "quarantined")
    assert "3 times" in (ended.error_message or "")
    assert document(database, ended.document_id).state is DocumentState.FAILED


def test_a_release_touches_only_the_jobs_of_its_worker(database: Database, collection: int) -> None:
    enqueued(database, collection, 2)
    claimed(database, "12-a")
    other = claimed(database, "112-a")
    with database.write() as connection:
        assert jobs.release(connection, "12-") == 1
    assert job(database, other.job_id).stage is Stage.PARSING


def test_giving_back_does_not_count_as_an_attempt(database: Database, collection: int) -> None:
    enqueued(database, collection)
    for _ in range(MAX_ATTEMPTS + 2):
        lease = claimed(database)
        with database.write() as connection:
            jobs.give_back(connection, lease)
    assert document(database, lease.document_id).state is DocumentState.QUEUED
    assert job(database, lease.job_id).attempts == 0


def test_an_orderly_stop_does_not_count_as_an_attempt(database: Database, collection: int) -> None:
    enqueued(database, collection, 2)
    for _ in range(MAX_CRASHES + 1):
        leases = [claimed(database, "1-a"), claimed(database, "1-b")]
        with database.write() as connection:
            assert jobs.give_all_back(connection) == 2
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.finish(connection, leases[0])


def test_a_document_that_ends_the_server_each_time_is_set_aside(
    database: Database, collection: int
) -> None:
    (poison,) = enqueued(database, collection)
    for _ in range(MAX_CRASHES):
        assert claimed(database).job_id == poison
        with database.write() as connection:
            jobs.release_all(connection)
    assert nothing_to_claim(database)
    ended = job(database, poison)
    assert (ended.stage, ended.error_code) == (Stage.FAILED, "quarantined")
    assert f"{MAX_CRASHES} times" in (ended.error_message or "")


def test_a_good_document_outlives_three_power_cuts(database: Database, collection: int) -> None:
    (job_id,) = enqueued(database, collection)
    for _ in range(MAX_ATTEMPTS):
        claimed(database)
        with database.write() as connection:
            assert jobs.release_all(connection) == 1
    lease = claimed(database)
    with database.write() as connection:
        jobs.finish(connection, lease)
    assert job(database, job_id).stage is Stage.READY


def test_a_clock_that_jumps_ahead_costs_one_attempt_at_most(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    pass_time(database, 86_400)
    with database.write() as connection:
        jobs.renew(connection, lease)
    assert nothing_to_claim(database)
    with database.write() as connection:
        jobs.finish(connection, lease)
    assert job(database, lease.job_id).attempts == 1


def test_a_clock_that_jumps_back_does_not_hold_a_dead_workers_job(
    database: Database, collection: int
) -> None:
    enqueued(database, collection)
    lease = claimed(database, "1-a")
    pass_time(database, -86_400)
    assert nothing_to_claim(database)
    with database.write() as connection:
        jobs.release(connection, "1-")
    assert claimed(database, "2-a").job_id == lease.job_id


def test_the_job_of_a_deleted_document_is_gone(database: Database, collection: int) -> None:
    enqueued(database, collection)
    lease = claimed(database)
    with database.write() as connection:
        delete_document(connection, lease.document_id)
    with pytest.raises(JobCancelled), database.write() as connection:
        jobs.finish(connection, lease)
    with database.write() as connection:
        jobs.fail(connection, lease, "internal_error", "too late")
        jobs.give_back(connection, lease)
        assert connection.execute(select(table)).all() == []
        with pytest.raises(NotFound):
            jobs.retry(connection, lease.job_id)
        with pytest.raises(NotFound):
            jobs.cancel(connection, lease.job_id)


def test_jobs_are_listed_inside_the_scope_only(database: Database, collection: int) -> None:
    mine = enqueued(database, collection, 2)
    other = a_collection(database, "other")
    with database.write() as connection:
        foreign = queued(connection, other, "foreign.txt", "foreign")
        theirs = jobs.enqueue(connection, foreign.id, 7)
    with database.read() as connection:
        assert [one.id for one in list_jobs(connection, JobFilter(SCOPE))] == mine
        by_document = JobFilter(Scope(documents=frozenset({foreign.id})))
        assert [one.id for one in list_jobs(connection, by_document)] == [theirs]
        assert list_jobs(connection, JobFilter(Scope())) == []
        with pytest.raises(NotFound):
            get_job(connection, theirs, SCOPE)
