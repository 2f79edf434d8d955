"""The changes of all jobs as a stream, found by looking at the queue a few times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from ingest.job_listing import Job, JobFilter, list_jobs
from serve.backend import Backend
from serve.caller import Caller
from serve.people.errors import NotSignedIn
from serve.people.holding import check_still
from serve.request_turns import own_turn
from serve.schemas import JobChanged, JobEvent, JobOut, JobRemoved, JobsSnapshot
from serve.scope import whole_scope
from serve.shapes import job_out

_LOOK_SECONDS = 0.3
_OVERLAP_SECONDS = 10.0
"""How long a commit may lag behind the time that it writes down."""

_MOST = 1_000
"""Jobs that one look reads; the queue is worked off in its order, so later ones can wait."""

_ENDED = {"ready", "failed", "cancelled"}


async def begun_job_events(backend: Backend, caller: Caller) -> AsyncGenerator[JobEvent, None]:
    """A snapshot of the jobs under way, then what changes, until the caller may no longer ask.

    Raises:
        TooManyRequests: The caller has too many streams open; before the first event.
    """
    events = _job_events(backend, caller)
    return _continued(await anext(events), events)


async def _continued(
    first: JobEvent, rest: AsyncGenerator[JobEvent, None]
) -> AsyncGenerator[JobEvent, None]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


async def _job_events(backend: Backend, caller: Caller) -> AsyncGenerator[JobEvent, None]:
    view = _View(backend, caller)
    with backend.streams.another(caller.person_id):
        async with own_turn():
            first = await asyncio.to_thread(view.first)
        yield first
        async with aclosing(_changes(view)) as changes:
            async for event in changes:
                yield event


async def _changes(view: _View) -> AsyncGenerator[JobEvent, None]:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            async with own_turn():
                events = await asyncio.to_thread(view.next)
        except NotSignedIn:
            return
        for event in events:
            yield event


class _View:
    """What one client has been told."""

    def __init__(self, backend: Backend, caller: Caller) -> None:
        self._backend = backend
        self._caller = caller
        self._told: dict[int, JobOut] = {}

    def first(self) -> JobsSnapshot:
        """The jobs under way and those that ended just now."""
        self._told = {job.id: job for job in [*self._read(active=True), *self._recent()]}
        return JobsSnapshot(jobs=[self._told[job_id] for job_id in sorted(self._told)])

    def next(self) -> list[JobEvent]:
        """What has changed since the last time."""
        return list(self._changes())

    def _changes(self) -> Iterator[JobEvent]:
        under_way = [key for key, job in self._told.items() if job.stage not in _ENDED][:_MOST]
        now = {job.id: job for job in self._recent()}
        now |= {job.id: job for job in self._read(ids=frozenset(under_way))} if under_way else {}
        for job_id, job in sorted(now.items()):
            if self._told.get(job_id) != job:
                self._told[job_id] = job
                yield JobChanged(job=job)
        for job_id in under_way:
            if job_id not in now:
                del self._told[job_id]
                yield JobRemoved(job_id=job_id)
        self._forget_old()

    def _recent(self) -> list[JobOut]:
        return self._read(changed_since=time.time() - _OVERLAP_SECONDS)

    def _read(
        self, *, active: bool = False, ids: frozenset[int] | None = None, changed_since: float = 0.0
    ) -> list[JobOut]:
        # The seq is taken first, so that nothing is called searchable too early.
        seq = self._backend.searching.seq
        with self._backend.database.read() as connection:
            check_still(connection, self._caller)
            wanted = JobFilter(
                whole_scope(connection, self._caller),
                active=active,
                ids=ids,
                changed_since=changed_since,
                limit=_MOST,
            )
            found: list[Job] = list_jobs(connection, wanted)
        return [job_out(job, seq) for job in found]

    def _forget_old(self) -> None:
        oldest = time.time() - 2 * _OVERLAP_SECONDS
        self._told = {
            key: job
            for key, job in self._told.items()
            if job.stage not in _ENDED or job.updated_at.timestamp() > oldest
        }
