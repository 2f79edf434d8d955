"""Records of what changes nothing, as reading does: those of one moment share a commit."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from retrieval.database import Database
from serve.audit.acting import Acting, acting
from serve.audit.acts import Act
from serve.audit.errors import AuditUnavailable
from serve.audit.log import append
from serve.audit.record import Deed

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_AT_ONCE = 500
_WAIT_SECONDS = 5.0
"""Longer than one who empties the database's log may keep its writers waiting."""

_PAUSE_SECONDS = 1.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Waiting:
    deed: Deed
    written: Future[None] = field(default_factory=Future)


class Journal:
    """Writes records in a thread of its own; whoever reads waits until they are stored.

    While the database takes nothing, as on a full disk, records wait in memory and reading goes
    on; once too many wait, it is refused.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.Queue[_Waiting] = queue.Queue(_MOST_WAITING)
        self._is_stuck = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def record(self, act: Act, subject: str = "", **details: Any) -> None:
        """Record what somebody is about to be shown, and wait until that is stored.

        Raises:
            AuditUnavailable: Too many records wait already.
        """
        written = self.submit(act, subject, **details)
        if not self._is_stuck:
            wait([written], _WAIT_SECONDS)

    async def recorded(self, act: Act, subject: str = "", **details: Any) -> None:
        """The same, in an event loop."""
        written = self.submit(act, subject, **details)
        if not self._is_stuck:
            await asyncio.wait({asyncio.wrap_future(written)}, timeout=_WAIT_SECONDS)

    def submit(
        self, act: Act, subject: str = "", *, by: Acting | None = None, **details: Any
    ) -> Future[None]:
        """Have something recorded soon; the future is done when it is.

        Raises:
            AuditUnavailable: Too many records wait already.
        """
        waiting = _Waiting(Deed.now(by or acting(), act, subject, details))
        try:
            self._waiting.put_nowait(waiting)
        except queue.Full:
            raise AuditUnavailable(
                "Nothing can be recorded, so nothing is shown.",
                advice="Ask who runs the server: its disk may be full.",
            ) from None
        return waiting.written

    def close(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._waiting.empty()):
            batch = self._next()
            while batch and not self._written(batch):
                if self._stopping.wait(_PAUSE_SECONDS):
                    log.error("%d records of the audit log could not be written", len(batch))
                    return

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        try:
            batch.append(self._waiting.get(timeout=_LOOK_SECONDS))
            while len(batch) < _MOST_AT_ONCE:
                batch.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _written(self, batch: list[_Waiting]) -> bool:
        try:
            with self._database.write() as connection:
                append(connection, *(each.deed for each in batch))
        except (SQLAlchemyError, OSError) as error:
            if not self._is_stuck:
                log.warning("the audit log cannot be written: %s", type(error).__name__)
            self._is_stuck = True
            return False
        self._is_stuck = False
        for each in batch:
            each.written.set_result(None)
        return True
