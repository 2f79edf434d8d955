"""An answer on its way to its asker and into the database, whichever way it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from retrieval.database import Database
from serve.answers.events import Done, Event, Failed, answer_of
from serve.answers.inquiry import PastTurn
from serve.conversations.turn_outcome import Outcome, finish_turn
from serve.conversations.turns import TurnState
from serve.people.errors import AccessRevoked

log = logging.getLogger(__name__)

_BROKEN = Failed("internal_error", "Something went wrong in the server.")


@dataclass(frozen=True, slots=True)
class Record:
    """Where an answer is to be written down, and the turns it was asked after."""

    database: Database
    turn_id: int
    past: tuple[PastTurn, ...] = ()


class Recorder:
    """Takes the events of an answer in as they come, and stores what they add up to at the end.

    The answer runs in a task of its own, so that nothing that becomes of the request can keep it
    from being stored: when nobody takes the events any more, it is stopped, and stored as far as
    it came.
    """

    def __init__(self, record: Record, answer: AsyncGenerator[Event, None]) -> None:
        self._record = record
        self._answer = answer
        self._seen: list[Event] = []
        self._coming: asyncio.Queue[Event | None] = asyncio.Queue()
        self._storing: asyncio.Future[None] | None = None
        self._wanted = True
        self._begun = False
        self.running = asyncio.create_task(self._run())

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events, the last one once the answer is stored; to be taken once."""
        try:
            while (event := await self._coming.get()) is not None:
                yield event
            await asyncio.wait([self.running])
            if not self.running.cancelled():
                self.running.result()
        finally:
            self.stop()

    def stop(self) -> None:
        """Have the answer end where it is; again is nothing."""
        # Before it begins there is nothing to cancel; while it is stored, it must not be again.
        if self._begun and self._wanted:
            self.running.cancel()
        self._wanted = False

    async def _run(self) -> None:
        self._begun = True
        try:
            async with aclosing(self._answer) as events:
                while self._wanted and (event := await anext(events, None)) is not None:
                    self._seen.append(event)
                    if isinstance(event, Done | Failed):
                        await self._stored()
                    self._coming.put_nowait(event)
        except Exception:
            self._seen.append(_BROKEN)
            raise
        finally:
            self._coming.put_nowait(None)
            await self._stored()

    async def _stored(self) -> None:
        if self._storing is None:
            outcome = Outcome(answer_of(self._seen), self._state(), self._record.past)
            self._storing = asyncio.ensure_future(asyncio.to_thread(self._store, outcome))
        await asyncio.shield(self._storing)

    def _state(self) -> TurnState:
        match self._seen[-1] if self._seen else None:
            case Done():
                return TurnState.COMPLETE
            case Failed(code=AccessRevoked.code):
                return TurnState.INTERRUPTED
            case Failed():
                return TurnState.FAILED
            case _:
                return TurnState.INTERRUPTED

    def _store(self, outcome: Outcome) -> None:
        with self._record.database.write() as connection:
            is_there = finish_turn(connection, self._record.turn_id, outcome)
        if not is_there:
            log.info("turn %d was deleted while it was answered", self._record.turn_id)


class Recorders:
    """The answers under way."""

    def __init__(self) -> None:
        self._running: set[Recorder] = set()

    def start(self, record: Record, answer: AsyncGenerator[Event, None]) -> Recorder:
        """Begin to take an answer in."""
        recorder = Recorder(record, answer)
        self._running.add(recorder)
        recorder.running.add_done_callback(lambda task: self._ended(recorder, task))
        return recorder

    def _ended(self, recorder: Recorder, task: asyncio.Task[None]) -> None:
        self._running.discard(recorder)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("an answer was not stored, or not to its end", exc_info=error)

    async def stop(self) -> None:
        """Have all answers end, and wait until they are stored as far as they came."""
        for recorder in list(self._running):
            recorder.stop()
        await asyncio.gather(*(each.running for each in self._running), return_exceptions=True)


@asynccontextmanager
async def recording() -> AsyncIterator[Recorders]:
    """Recorders whose answers are all stored when the block ends."""
    recorders = Recorders()
    try:
        yield recorders
    finally:
        await recorders.stop()
