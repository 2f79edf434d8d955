"""A worker process: takes jobs from the queue, several at a time, until it is told to stop.

While one document is embedded another is parsed in its sandbox, so that neither the processor nor
a small file waits for a large one. One lane more is kept for people whose documents would have to
wait until those of others are done.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from uuid import uuid4

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from ingest import jobs
from ingest.chunking import ChunkSize
from ingest.errors import IngestError, JobCancelled, OriginalsUnusable
from ingest.files import Originals
from ingest.intake import Intake, Noted, not_noted
from ingest.jobs import Lease, Progress, Wanted
from ingest.pipeline import Pipeline
from ingest.sandbox import Limits
from retrieval.database import Database
from retrieval.embedder_choice import EmbedderChoice, document_embedder
from retrieval.errors import CloisterError, EmbedderUnavailable
from retrieval.faults import arm, fault
from retrieval.logs import write_logs

log = logging.getLogger(__name__)

_IDLE_SECONDS = 0.25
_HEARTBEAT_SECONDS = 0.5
_TROUBLE_SECONDS = 5.0
_RENEW_SECONDS = jobs.LEASE_SECONDS / 4

_PATIENCE_SECONDS = 60.0
"""For so long new documents go before one that was begun before a crash."""

_ALL = (Wanted.NEW, Wanted.TRIED)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """All that a worker process needs to know, in plain values that can be sent to it.

    So ``noted`` is a function of a module.
    """

    database_url: str
    originals_url: str
    embedder: EmbedderChoice
    limits: Limits = field(default_factory=Limits)
    chunk_size: ChunkSize = field(default_factory=ChunkSize)
    lanes: int = 2
    noted: Noted = not_noted
    temporary: str | None = None
    fault_point: str = ""
    log_level: str = "warning"
    log_format: str = "text"


def run_worker(options: WorkerOptions, parent: Pipe) -> None:
    """Work until the other end of ``parent`` closes, which also happens when the parent dies."""
    os.nice(10)
    write_logs(options.log_level, options.log_format)
    if options.fault_point:
        arm(options.fault_point)
    tempfile.tempdir = options.temporary
    stopping = threading.Event()
    # Ctrl-C in a terminal reaches us too; the parent then tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threading.Thread(target=_watch, args=(parent, stopping), daemon=True).start()
    database = Database(options.database_url)
    originals = Originals(options.originals_url)
    pipeline = Pipeline(
        database=database,
        originals=originals,
        embedder=document_embedder(options.embedder),
        limits=options.limits,
        chunk_size=options.chunk_size,
        noted=options.noted,
    )
    name = f"{os.getpid()}-{uuid4().hex[:8]}"
    turns = Turns(options.lanes)
    wanted = [*([_ALL] * options.lanes), (Wanted.OF_NEWCOMERS,)]
    lanes = [
        threading.Thread(target=Lane(pipeline, f"{name}-{n}", stopping, turns, each).run)
        for n, each in enumerate(wanted)
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    pipeline.sandbox.close()
    database.close()


def _watch(parent: Pipe, stopping: threading.Event) -> None:
    """Stop when the parent says so, at once when it died: another may already be starting."""
    try:
        parent.recv_bytes()
        stopping.set()
    except (EOFError, OSError):
        os._exit(1)


class Turns:
    """New jobs side by side, ``lanes`` of them and newcomers' besides; one begun before alone.

    It may be what ended its worker, and would take its neighbours with it again, until they had
    used up their attempts too. It lets new ones go first, but not for longer than ``patience``
    seconds.
    """

    def __init__(
        self,
        lanes: int,
        patience: float = _PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = lanes
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._is_alone = False
        self._waiting_since: float | None = None

    def note_waiting(self, is_waiting: bool) -> None:
        """Tell whether a job that was begun before waits."""
        with self._lock:
            if not is_waiting:
                self._waiting_since = None
            elif self._waiting_since is None:
                self._waiting_since = self._clock()

    def begin(self, wanted: Wanted) -> bool:
        """Whether such a job may run now; ``end`` must follow if so."""
        with self._lock:
            if self._is_alone or not self._has_room(wanted):
                return False
            self._running += 1
            self._is_alone = wanted is Wanted.TRIED
            if self._is_alone:
                self._waiting_since = None
            return True

    def _has_room(self, wanted: Wanted) -> bool:
        match wanted:
            case Wanted.TRIED:
                return not self._running
            case Wanted.OF_NEWCOMERS:
                return self._running >= self._lanes and not self._is_overdue()
            case _:
                return not self._is_overdue()

    def _is_overdue(self) -> bool:
        since = self._waiting_since
        return since is not None and self._clock() - since > self._patience

    def end(self) -> None:
        """A job is over."""
        with self._lock:
            self._running -= 1
            self._is_alone = False


class Lane:
    """One job at a time, again and again."""

    def __init__(
        self,
        pipeline: Pipeline,
        name: str,
        stopping: threading.Event,
        turns: Turns | None = None,
        wanted: tuple[Wanted, ...] = _ALL,
    ) -> None:
        self._pipeline = pipeline
        self._name = name
        self._stopping = stopping
        self._turns = turns or Turns(1)
        self._wanted = wanted
        self._intake = Intake(pipeline.database, pipeline.originals)

    def run(self) -> None:
        """Take jobs until told to stop."""
        while not self._stopping.is_set():
            try:
                if not any(self._took_a_job(each) for each in self._wanted):
                    self._stopping.wait(_IDLE_SECONDS)
            except (SQLAlchemyError, OSError):
                log.exception("the database cannot be used; trying again")
                self._stopping.wait(_TROUBLE_SECONDS)

    def _took_a_job(self, wanted: Wanted) -> bool:
        with self._pipeline.database.read() as connection:
            if not jobs.is_work_waiting(connection, wanted):
                return False
            is_tried = wanted is Wanted.TRIED or jobs.is_work_waiting(connection, Wanted.TRIED)
            self._turns.note_waiting(is_tried)
        if not self._turns.begin(wanted):
            return False
        try:
            with self._pipeline.database.write() as connection:
                lease = jobs.claim(connection, self._name, wanted)
            if lease is None:
                return False
            if __debug__:
                fault("job_claimed")
            self._work(lease)
            return True
        finally:
            self._turns.end()

    def _work(self, lease: Lease) -> None:
        with Heartbeat(self._pipeline.database, lease, self._stopping) as heartbeat:
            try:
                if unused := self._pipeline.ingest(lease, heartbeat.report):
                    self._intake.forget_or_leave(unused)
            except Interrupted:
                self._give_back(lease)
            except (EmbedderUnavailable, OriginalsUnusable) as error:
                log.warning("document %d waits: %s", lease.document_id, error.code)
                self._wait_and_give_back(lease)
            except CloisterError as error:
                log.info("document %d: %s", lease.document_id, error.code)
                self._fail(lease, error.code, error)
            except Exception as error:
                log.exception("document %d failed", lease.document_id)
                if _is_trouble_of_the_machine(error):
                    self._wait_and_give_back(lease)
                else:
                    self._fail(lease, "internal_error", error)

    def _wait_and_give_back(self, lease: Lease) -> None:
        self._stopping.wait(_TROUBLE_SECONDS)
        self._give_back(lease)

    def _give_back(self, lease: Lease) -> None:
        with self._pipeline.database.write() as connection:
            jobs.give_back(connection, lease)

    def _fail(self, lease: Lease, code: str, error: Exception) -> None:
        message = str(error) if isinstance(error, CloisterError) else repr(error)
        advice = error.advice if isinstance(error, CloisterError) else ""
        with self._pipeline.database.write() as connection:
            jobs.fail(connection, lease, code, " ".join(filter(None, (message, advice))))


def _is_trouble_of_the_machine(error: Exception) -> bool:
    """Whether a document is not to blame: the database is not there, or the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return isinstance(error, OperationalError | InterfaceError)


class Interrupted(IngestError):
    """The worker is to stop; the job goes back into the queue."""


class Heartbeat:
    """Renews a lease and writes progress down, from a thread of its own."""

    def __init__(self, database: Database, lease: Lease, stopping: threading.Event) -> None:
        self._database = database
        self._lease = lease
        self._stopping = stopping
        self._progress: Progress | None = None
        self._written: Progress | None = None
        self._renewed = time.monotonic()
        self._lost: JobCancelled | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        """Start beating."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop beating."""
        self._ended.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        """Note the progress.

        Raises:
            JobCancelled: The job is to be left.
            Interrupted: The worker is to stop.
        """
        if self._lost:
            raise self._lost
        if self._stopping.is_set():
            raise Interrupted("The server stops.")
        self._progress = progress

    def _beat(self) -> None:
        while not self._ended.wait(_HEARTBEAT_SECONDS) and self._lost is None:
            due = time.monotonic() - self._renewed > _RENEW_SECONDS
            if due or self._progress != self._written:
                self._renew(self._progress)

    def _renew(self, progress: Progress | None) -> None:
        try:
            with self._database.write() as connection:
                jobs.renew(connection, self._lease, progress)
        except JobCancelled as cancelled:
            self._lost = cancelled
        except SQLAlchemyError:
            log.warning("a job's lease could not be renewed; trying again", exc_info=True)
        else:
            self._written, self._renewed = progress, time.monotonic()
