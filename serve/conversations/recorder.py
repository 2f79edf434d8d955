"""An answer on its way to its asker and into the database, whichever way it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from retrieval.database import Database
from retrieval.errors import CloisterError
from serve.answers.events import Done, Event, Failed, answer_of
from serve.answers.inquiry import PastTurn
from serve.conversations.turn_outcome import Outcome, fail_turn, finish_turn
from serve.conversations.turns import TurnState
from serve.people.errors import AccessRevoked

log = logging.getLogger(__name__)

_NOT_NOW = (OperationalError, NoConnection)
"""What the database, or the pool of its connections, may say for a while."""

_BROKEN = Failed("internal_error", "Something went wrong in the server.")


@dataclass(frozen=True, slots=True)
class Record:
    """Where an answer is to be written down, and the turns it was asked after."""

    database: Database
    turn_id: int
    past: tuple[PastTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds before each further try to store an answer that the database does not take.

    While it is awaited, after each of the ``pauses``; from then on every ``later`` seconds.
    """

    pauses: tuple[float, ...] = (1.0, 5.0, 20.0)
    later: float = 60.0


class Recorder:
    """Takes the events of an answer in as they come, and stores what they add up to at the end.

    The answer runs in a task of its own, so that nothing that becomes of the request can keep it
    from being stored: when nobody takes the events any more, it is stopped, and stored as far as
    it came. ``is_settled`` says that the turn does not wait for it any more.
    """

    def __init__(
        self, record: Record, answer: AsyncGenerator[Event, None], patience: Patience
    ) -> None:
        self._record = record
        self._answer = answer
        self._pauses = patience.pauses
        self._seen: list[Event] = []
        self._coming: asyncio.Queue[Event | None] = asyncio.Queue()
        self._outcome: Outcome | None = None
        self._storing: asyncio.Future[None] | None = None
        self._hurried = asyncio.Event()
        self.is_settled = False
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

    def hurry(self) -> None:
        """Have it stored without any pause."""
        self._hurried.set()

    async def store_late(self) -> None:
        """Try once more to store what could not be stored."""
        if self._outcome is not None:
            await asyncio.to_thread(self._store, self._outcome)

    async def _run(self) -> None:
        self._begun = True
        try:
            async with aclosing(self._answer) as events:
                while self._wanted and (event := await anext(events, None)) is not None:
                    self._seen.append(event)
                    if isinstance(event, Done | Failed):
                        await self._stored()
                    self._coming.put_nowait(event)
        except CloisterError as error:
            self._seen.append(Failed.by(error))
            raise
        except Exception:
            self._seen.append(_BROKEN)
            raise
        finally:
            self._coming.put_nowait(None)
            await self._stored()

    async def _stored(self) -> None:
        if self._storing is None:
            self._outcome = Outcome(answer_of(self._seen), self._state(), self._record.past)
            self._storing = asyncio.ensure_future(self._insisting(self._outcome))
        await asyncio.shield(self._storing)

    async def _insisting(self, outcome: Outcome) -> None:
        for pause in self._pauses:
            try:
                await asyncio.to_thread(self._store, outcome)
            except _NOT_NOW as error:
                log.warning("turn %d is not stored yet: %s", self._record.turn_id, error.args[0])
            else:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), pause)
        await asyncio.to_thread(self._store, outcome)

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
        database, turn_id = self._record.database, self._record.turn_id
        try:
            with database.write() as connection:
                is_there = finish_turn(connection, turn_id, outcome)
        except _NOT_NOW:
            raise
        except Exception:
            # It would fail again, and nobody is to wait for it.
            with database.write() as connection:
                fail_turn(connection, turn_id, _BROKEN)
            self.is_settled = True
            raise
        self.is_settled = True
        if not is_there:
            log.info("turn %d was deleted while it was answered", turn_id)


class Recorders:
    """The answers under way, and those that could not be stored yet."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._running: set[Recorder] = set()
        self._unsettled: set[Recorder] = set()

    def start(self, record: Record, answer: AsyncGenerator[Event, None]) -> Recorder:
        """Begin to take an answer in."""
        recorder = Recorder(record, answer, self._patience)
        self._running.add(recorder)
        recorder.running.add_done_callback(lambda task: self._ended(recorder, task))
        return recorder

    def _ended(self, recorder: Recorder, task: asyncio.Task[None]) -> None:
        self._running.discard(recorder)
        if not recorder.is_settled:
            self._unsettled.add(recorder)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("an answer was not stored, or not to its end", exc_info=error)

    async def settle(self) -> None:
        """Store, for ever and now and then, what could not be stored."""
        while True:
            await asyncio.sleep(self._patience.later)
            await self._settle_once()

    async def _settle_once(self) -> None:
        for recorder in list(self._unsettled):
            try:
                await recorder.store_late()
            except Exception:
                log.exception("an answer is still not stored")
            if recorder.is_settled:
                self._unsettled.discard(recorder)

    async def stop(self) -> None:
        """Have all answers end, and wait until they are stored as far as they came."""
        for recorder in list(self._running):
            recorder.stop()
            recorder.hurry()
        await asyncio.gather(*(each.running for each in self._running), return_exceptions=True)
        await self._settle_once()


@asynccontextmanager
async def recording(patience: Patience | None = None) -> AsyncIterator[Recorders]:
    """Recorders whose answers are all stored when the block ends, if the database takes them."""
    recorders = Recorders(patience or Patience())
    settling = asyncio.create_task(recorders.settle())
    try:
        yield recorders
    finally:
        settling.cancel()
        await asyncio.wait({settling})
        await recorders.stop()
