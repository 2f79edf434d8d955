"""The durable queue: one job for each document on its way in, in the document's own database.

A worker holds a job by a lease that it renews. A lease that ran out is taken over. The third
attempt that ends with the death of its worker sets the job aside as failed, and the sixth that ends
with the server's: a power cut is rarely the document's doing.

Jobs wait in rounds, one of each owner's in each: a single one waits for one of everybody's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    insert,
    select,
    true,
    update,
)

from ingest.errors import JobCancelled
from retrieval.errors import NotFound
from retrieval.schema import documents, jobs
from retrieval.store import inside, set_document_state
from retrieval.types import DocumentState, Scope

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
MAX_CRASHES = 6
"""Attempts when the whole server stopped in one."""

Unit = Literal["bytes", "pages", "chunks"]


class Stage(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE_STAGES = (Stage.QUEUED, Stage.PARSING, Stage.EMBEDDING)

_IS_ACTIVE = jobs.c.stage.in_([stage.value for stage in ACTIVE_STAGES])
_RUNNING = (Stage.PARSING.value, Stage.EMBEDDING.value)
_IS_RUNNING = jobs.c.stage.in_(_RUNNING)


class Wanted(Enum):
    """Which jobs are looked for."""

    ANY = auto()
    NEW = auto()
    TRIED = auto()
    """Begun before."""
    OF_NEWCOMERS = auto()
    """New, and of owners none of whose jobs is running."""


_others = jobs.alias("running")
_BUSY_OWNERS = select(func.coalesce(_others.c.owner_id, 0)).where(_others.c.stage.in_(_RUNNING))
_CONDITIONS = {
    Wanted.ANY: true(),
    Wanted.NEW: jobs.c.attempts == 0,
    Wanted.TRIED: jobs.c.attempts > 0,
    Wanted.OF_NEWCOMERS: and_(
        jobs.c.attempts == 0, func.coalesce(jobs.c.owner_id, 0).not_in(_BUSY_OWNERS)
    ),
}


@dataclass(frozen=True, slots=True)
class Lease:
    """A job held by a worker."""

    job_id: int
    document_id: int
    worker: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is."""

    stage: Stage
    done: int
    total: int
    unit: Unit


def enqueue(
    connection: Connection, document_id: int, size_bytes: int, owner_id: int | None = None
) -> int:
    """The id of a new job for a document; those without an owner count as one owner's."""
    now = time.time()
    query = (
        insert(jobs)
        .values(
            document_id=document_id,
            stage=Stage.QUEUED.value,
            done=0,
            total=size_bytes,
            unit="bytes",
            attempts=0,
            cancel_requested=False,
            created_at=now,
            updated_at=now,
            owner_id=owner_id,
            round=_next_round(connection, owner_id),
        )
        .returning(jobs.c.id)
    )
    return int(connection.execute(query).scalar_one())


def _next_round(connection: Connection, owner_id: int | None) -> int:
    """The one after the owner's last; with none waiting, that which is worked off now."""
    is_waiting = jobs.c.stage == Stage.QUEUED.value
    is_own = jobs.c.owner_id.is_(None) if owner_id is None else jobs.c.owner_id == owner_id
    last = connection.scalar(select(func.max(jobs.c.round)).where(is_own, is_waiting))
    if last is not None:
        return int(last) + 1
    new = and_(is_waiting, jobs.c.attempts == 0)
    return int(connection.scalar(select(func.min(jobs.c.round)).where(new)) or 0)


def claim(connection: Connection, worker: str, wanted: Wanted = Wanted.ANY) -> Lease | None:
    """A lease on a job whose lease ran out, or else on the next that waits, or None.

    A job whose third lease ran out is set aside as failed instead.
    """
    while True:
        row = _locked(connection, wanted)
        if row is None:
            return None
        if row.stage in _RUNNING and row.attempts >= MAX_ATTEMPTS:
            _quarantine(connection, row.id, row.attempts)
            continue
        connection.execute(
            update(jobs)
            .where(jobs.c.id == row.id)
            .values(
                stage=Stage.PARSING.value,
                worker=worker,
                attempts=row.attempts + 1,
                lease_until=time.time() + LEASE_SECONDS,
                updated_at=time.time(),
            )
        )
        set_document_state(connection, row.document_id, DocumentState.PARSING)
        return Lease(row.id, row.document_id, worker)


def _locked(connection: Connection, wanted: Wanted) -> Row[Any] | None:
    for query in _claimable(wanted):
        if row := connection.execute(query.with_for_update(skip_locked=True)).first():
            return row
    return None


def is_work_waiting(connection: Connection, wanted: Wanted = Wanted.ANY) -> bool:
    """Whether ``claim`` would find a job."""
    return any(connection.execute(each).first() is not None for each in _claimable(wanted))


def _claimable(wanted: Wanted) -> Iterator[Select[Any]]:
    """The first job whose lease ran out, and the first that waits, found by their indexes."""
    left = and_(_IS_RUNNING, jobs.c.lease_until < time.time())
    for kind in (left, jobs.c.stage == Stage.QUEUED.value):
        query = select(jobs.c.id, jobs.c.document_id, jobs.c.stage, jobs.c.attempts).limit(1)
        query = query.where(kind, _CONDITIONS[wanted])
        if wanted is not Wanted.ANY:
            query = query.order_by(jobs.c.attempts)
        yield query.order_by(jobs.c.round, jobs.c.id)


def _quarantine(connection: Connection, job_id: int, attempts: int) -> None:
    message = (
        f"Stopped {attempts} times without a result, as when memory runs out or the machine "
        "stops. Look at the log, then retry it: cloister docs retry."
    )
    _end(connection, job_id, Stage.FAILED, ("quarantined", message))


def renew(connection: Connection, lease: Lease, progress: Progress | None = None) -> None:
    """Hold a job for longer and note how far it is.

    Raises:
        JobCancelled: Somebody cancelled the job, deleted its document, or took it over.
    """
    values: dict[str, object] = {
        "lease_until": time.time() + LEASE_SECONDS,
        "updated_at": time.time(),
    }
    if progress:
        values |= {
            "stage": progress.stage.value,
            "done": progress.done,
            "total": progress.total,
            "unit": progress.unit,
        }
    held = connection.execute(
        update(jobs)
        .where(_held(lease), jobs.c.cancel_requested.is_(False))
        .values(**values)
        .returning(jobs.c.document_id)
    ).scalar_one_or_none()
    if held is None:
        raise JobCancelled("The job was cancelled, or its document was deleted.")
    if progress and progress.stage is Stage.EMBEDDING:
        set_document_state(connection, lease.document_id, DocumentState.EMBEDDING)


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(
        jobs.c.id == lease.job_id,
        jobs.c.worker == lease.worker,
        _IS_RUNNING,
    )


def finish(connection: Connection, lease: Lease) -> None:
    """End a job as done; part of the transaction that publishes its document.

    Raises:
        JobCancelled: The job is no longer held, so nothing may be published.
    """
    renew(connection, lease)
    connection.execute(
        update(jobs)
        .where(jobs.c.id == lease.job_id)
        .values(
            stage=Stage.READY.value, done=jobs.c.total, lease_until=None, updated_at=time.time()
        )
    )


def fail(connection: Connection, lease: Lease, code: str, message: str) -> None:
    """End a held job with its reason."""
    if connection.scalar(select(jobs.c.id).where(_held(lease))) is None:
        return
    stage = Stage.CANCELLED if code == JobCancelled.code else Stage.FAILED
    _end(connection, lease.job_id, stage, (code, message))


def _end(connection: Connection, job_id: int, stage: Stage, error: tuple[str, str]) -> None:
    code, message = error
    document_id = connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            stage=stage.value,
            error_code=code,
            error_message=message,
            lease_until=None,
            updated_at=time.time(),
        )
        .returning(jobs.c.document_id)
    ).scalar_one()
    set_document_state(connection, document_id, DocumentState.FAILED, error)


def cancel(connection: Connection, job_id: int) -> None:
    """Cancel a job: at once if it waits, at its next heartbeat if it runs."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise NotFound(f"No job {job_id}.")
    if row.stage == Stage.QUEUED.value:
        _end(connection, job_id, Stage.CANCELLED, (JobCancelled.code, "Cancelled while waiting."))
    elif row.stage in ACTIVE_STAGES:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(cancel_requested=True))


def retry(connection: Connection, job_id: int) -> None:
    """Put a failed or cancelled job back into the queue, with all its attempts.

    So is one that is about to be cancelled: whoever works on it loses it.
    """
    query = select(jobs, documents.c.size_bytes).join(documents).where(jobs.c.id == job_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"No job {job_id}.")
    ended = row.stage in (Stage.FAILED.value, Stage.CANCELLED.value)
    if ended or row.cancel_requested:
        connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id)
            .values(
                stage=Stage.QUEUED.value,
                round=_next_round(connection, row.owner_id),
                attempts=0,
                done=0,
                total=row.size_bytes,
                unit="bytes",
                worker=None,
                cancel_requested=False,
                error_code=None,
                error_message=None,
                updated_at=time.time(),
            )
        )
        set_document_state(connection, row.document_id, DocumentState.QUEUED)


def give_back(connection: Connection, lease: Lease) -> None:
    """Put a held job back into the queue, as when its worker is to stop; it does not count."""
    _requeue(connection, _held(lease), attempts=jobs.c.attempts - 1)


def give_all_back(connection: Connection) -> int:
    """Put every running job back when no worker lives, as after a stop; it does not count."""
    return _requeue(connection, true(), attempts=jobs.c.attempts - 1)


def release(connection: Connection, worker_prefix: str) -> int:
    """Put the jobs of a worker that died back into the queue; the attempt counts. How many."""
    return _left(connection, jobs.c.worker.startswith(worker_prefix), MAX_ATTEMPTS)


def release_all(connection: Connection) -> int:
    """Put back the jobs that a crash of the server left running; the attempt counts. How many."""
    return _left(connection, true(), MAX_CRASHES)


def _left(connection: Connection, condition: ColumnElement[bool], most_attempts: int) -> int:
    used_up = select(jobs.c.id, jobs.c.attempts).where(
        _IS_RUNNING, condition, jobs.c.attempts >= most_attempts
    )
    for row in connection.execute(used_up).all():
        _quarantine(connection, row.id, row.attempts)
    return _requeue(connection, condition, attempts=jobs.c.attempts)


def _requeue(
    connection: Connection, condition: ColumnElement[bool], attempts: ColumnElement[int]
) -> int:
    documents_of = select(jobs.c.document_id).where(_IS_RUNNING, condition)
    for document_id in connection.scalars(documents_of).all():
        set_document_state(connection, document_id, DocumentState.QUEUED)
    result = connection.execute(
        update(jobs)
        .where(_IS_RUNNING, condition)
        .values(
            stage=Stage.QUEUED.value,
            attempts=attempts,
            lease_until=None,
            worker=None,
            updated_at=time.time(),
        )
    )
    return result.rowcount


def count_active(connection: Connection, scope: Scope) -> int:
    """How many jobs wait or run."""
    query = select(func.count()).select_from(jobs.join(documents)).where(inside(scope), _IS_ACTIVE)
    return int(connection.execute(query).scalar_one())
