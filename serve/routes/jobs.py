"""Jobs: list, follow, cancel, try again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from ingest import jobs
from ingest.job_listing import JobFilter, get_job, list_jobs
from ingest.jobs import Stage
from serve.job_events import begun_job_events
from serve.people.rights import Role
from serve.routes.parts import BackendPart, CallerPart, CursorPart, IdPath, LimitPart
from serve.schemas import LARGEST_ID, JobEvent, JobList, JobOut
from serve.scope import check_role, whole_scope
from serve.shapes import job_out
from serve.sse import event_stream

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

Ids = Annotated[
    list[Annotated[int, Query(ge=1, le=LARGEST_ID)]] | None, Query(alias="id", max_length=500)
]


@router.get("")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    after: CursorPart,
    limit: LimitPart = 500,
    active: bool = False,
    stage: Stage | None = None,
    ids: Ids = None,
) -> JobList:
    """Jobs in the order of their ids: all, those under way, at a stage, or of the given ids."""
    with backend.database.read() as connection:
        wanted = JobFilter(
            whole_scope(connection, caller),
            active=active,
            stage=stage,
            ids=frozenset(ids) if ids else None,
            after=after,
            limit=limit,
        )
        found = list_jobs(connection, wanted)
    following = str(found[-1].id) if len(found) == limit else None
    shown = [job_out(job, backend.searching.seq) for job in found]
    return JobList(items=shown, next_cursor=following)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "model": JobEvent}},
)
async def events(backend: BackendPart, caller: CallerPart) -> StreamingResponse:
    """The jobs under way, then each change of any job, until the client goes."""
    return event_stream(await begun_job_events(backend, caller), backend.stopping)


@router.get("/{job_id}")
def show(backend: BackendPart, caller: CallerPart, job_id: IdPath) -> JobOut:
    """One job."""
    with backend.database.read() as connection:
        found = get_job(connection, job_id, whole_scope(connection, caller))
    return job_out(found, backend.searching.seq)


@router.post("/{job_id}/cancel", status_code=202)
def cancel(backend: BackendPart, caller: CallerPart, job_id: IdPath) -> JobOut:
    """Cancel a job: at once if it waits, soon if it runs."""
    with backend.database.write() as connection:
        scope = whole_scope(connection, caller)
        job = get_job(connection, job_id, scope)
        check_role(connection, caller, job.collection_id, Role.WRITER)
        jobs.cancel(connection, job_id)
        return job_out(get_job(connection, job_id, scope), backend.searching.seq)


@router.post("/{job_id}/retry", status_code=202)
def retry(backend: BackendPart, caller: CallerPart, job_id: IdPath) -> JobOut:
    """Put a failed or cancelled job back into the queue."""
    with backend.database.write() as connection:
        scope = whole_scope(connection, caller)
        job = get_job(connection, job_id, scope)
        check_role(connection, caller, job.collection_id, Role.WRITER)
        jobs.retry(connection, job_id)
        return job_out(get_job(connection, job_id, scope), backend.searching.seq)
