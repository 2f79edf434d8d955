"""The worker processes of a server: started, watched, replaced when they die, stopped."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess

from sqlalchemy.exc import SQLAlchemyError

from ingest import jobs
from ingest.worker import WorkerOptions, run_worker
from retrieval.database import Database

log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    stop: Pipe


class Workers:
    """A fixed number of worker processes."""

    def __init__(self, database: Database, options: WorkerOptions, count: int) -> None:
        self._database = database
        self._options = options
        self._count = count
        self._stopping = threading.Event()
        self._running: list[_Worker] = []
        self._supervisor = threading.Thread(target=self._supervise, name="workers", daemon=True)

    def start(self) -> None:
        """Put back what a server that crashed left unfinished, then start."""
        with self._database.write() as transaction:
            left = jobs.release_all(transaction)
        if left:
            log.info("%d unfinished jobs go on", left)
        self._supervisor.start()

    def _supervise(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            try:
                died = self._watch()
            except Exception:
                log.exception("the workers cannot be replaced; trying again")
                died = True
            if died:
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _watch(self) -> bool:
        """Fill the ranks, then look on for a moment; whether a worker died."""
        while len(self._running) < self._count:
            self._running.append(self._started())
        connection.wait([worker.process.sentinel for worker in self._running], timeout=0.5)
        dead = [worker for worker in self._running if not worker.process.is_alive()]
        for worker in dead:
            self._bury(worker)
        return bool(dead)

    def _started(self) -> _Worker:
        context = get_context("spawn")
        theirs, ours = context.Pipe(duplex=False)
        process = context.Process(
            target=run_worker, args=(self._options, theirs), name="cloister-worker", daemon=False
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _bury(self, worker: _Worker) -> None:
        self._running.remove(worker)
        worker.stop.close()
        log.warning(
            "worker %s ended with code %s; another is started",
            worker.process.pid,
            worker.process.exitcode,
        )
        with self._database.write() as transaction:
            jobs.release(transaction, f"{worker.process.pid}-")

    def stop(self) -> None:
        """Let running jobs go back into the queue and end the processes."""
        self._stopping.set()
        if self._supervisor.ident is None:
            return
        self._supervisor.join()
        for worker in self._running:
            with suppress(BrokenPipeError):
                worker.stop.send_bytes(b"stop")
        for worker in self._running:
            worker.process.join(_STOP_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.stop.close()
        self._running.clear()
        try:
            with self._database.write() as transaction:
                jobs.give_all_back(transaction)
        except SQLAlchemyError:
            log.exception("jobs of workers that were slow to stop could not be given back")

    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid for worker in self._running if worker.process.pid]
