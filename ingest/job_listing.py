"""Jobs as people see them: one by one, and listed inside a scope."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from ingest.jobs import ACTIVE_STAGES, Stage, Unit
from retrieval.errors import NotFound
from retrieval.schema import documents, jobs
from retrieval.store import among, inside
from retrieval.types import Scope


@dataclass(frozen=True, slots=True)
class Job:
    """The way of one document into the collection; progress is ``done`` of ``total`` ``unit``."""

    id: int
    document_id: int
    collection_id: int
    document_name: str
    stage: Stage
    done: int
    total: int
    unit: Unit
    attempts: int
    created_at: float
    updated_at: float
    error_code: str | None = None
    error_message: str | None = None
    document_seq: int | None = None


_JOB = select(
    jobs, documents.c.collection_id, documents.c.name, documents.c.seq.label("document_seq")
).join(documents, documents.c.id == jobs.c.document_id)


def job_of_document(connection: Connection, document_id: int) -> Job:
    """The job of a document."""
    rows = connection.execute(_JOB.where(jobs.c.document_id == document_id)).first()
    if rows is None:
        raise NotFound(f"No job for document {document_id}.")
    return _job(rows)


def get_job(connection: Connection, job_id: int, scope: Scope) -> Job:
    """One job whose document lies inside the scope."""
    row = connection.execute(_JOB.where(jobs.c.id == job_id)).first()
    if row is None or not scope.allows(row.collection_id, row.document_id):
        raise NotFound(f"No job {job_id}.")
    return _job(row)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a listing shows: ids above ``after``, at most ``limit`` of them.

    ``ids`` are the only ones, where given; ``changed_since`` is in Unix seconds.
    """

    scope: Scope
    active: bool = False
    stage: Stage | None = None
    ids: frozenset[int] | None = None
    changed_since: float = 0.0
    after: int = 0
    limit: int | None = None


def list_jobs(connection: Connection, wanted: JobFilter) -> list[Job]:
    """Jobs in the order of their ids."""
    query = _JOB.where(
        inside(wanted.scope),
        jobs.c.updated_at >= wanted.changed_since,
        jobs.c.id > wanted.after,
    )
    if wanted.active:
        query = query.where(jobs.c.stage.in_(ACTIVE_STAGES))
    if wanted.stage is not None:
        query = query.where(jobs.c.stage == wanted.stage.value)
    if wanted.ids is not None:
        query = query.where(among(jobs.c.id, wanted.ids))
    rows = connection.execute(query.order_by(jobs.c.id).limit(wanted.limit))
    return [_job(row) for row in rows]


def _job(row: Row[tuple[object, ...]]) -> Job:
    return Job(
        id=row.id,
        document_id=row.document_id,
        collection_id=row.collection_id,
        document_name=row.name,
        stage=Stage(row.stage),
        done=row.done,
        total=row.total,
        unit=row.unit,
        attempts=row.attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        error_code=row.error_code,
        error_message=row.error_message,
        document_seq=row.document_seq,
    )
