"""However an answer ends, it is stored as far as it came."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Never

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from retrieval.database import Database
from retrieval.schema import citations, quotes, turn_sources, turns
from serve.answers.events import Cited, Done, Event, Failed, Retrieved, Started, Text, Traced
from serve.audit.errors import AuditUnavailable
from serve.caller import OPERATOR
from serve.conversations.recorder import Patience, Record, Recorder, Recorders, recording
from serve.conversations.store import delete_conversation
from serve.conversations.turns import TurnState
from tests.fixtures.answers import NOTICE, Archive
from tests.fixtures.waiting import until


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        made = Archive(database)
        made.document("lease.pdf", NOTICE)
        yield made


def events_of(archive: Archive) -> list[Event]:
    answer = archive.quoting(NOTICE)
    assert answer.trace
    return [
        Started("Notice?"),
        Retrieved(answer.language, answer.hits, answer.numbers, answer.support),
        Text(f"So it is: {NOTICE} "),
        Cited(answer.citations[0]),
        Text("[1]"),
        Text(". Surely."),
        Traced(answer.trace),
        Done(abstained=False, grounded=True, truncated=False, seconds=0.5),
    ]


class Telling:
    """Tells events, then perhaps waits for ever; knows whether it was closed."""

    def __init__(self, events: Sequence[Event], *, endless: bool = False) -> None:
        self._events = events
        self._endless = endless
        self.told = asyncio.Event()
        self.closed = False

    async def answer(self) -> AsyncGenerator[Event, None]:
        try:
            for event in self._events:
                yield event
            self.told.set()
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def started(archive: Archive, recorders: Recorders, telling: Telling) -> Recorder:
    turn = archive.asked(archive.conversation(), "Notice?")
    assert turn == 1
    return recorders.start(Record(archive.database, turn), telling.answer())


def test_an_answer_is_stored_before_its_last_event_is_told(archive: Archive) -> None:
    states: list[TurnState] = []

    async def main() -> None:
        async with recording() as recorders:
            recorder = started(archive, recorders, Telling(events_of(archive)))
            states.extend(
                [
                    archive.turn(1).state
                    async for event in recorder.events()
                    if isinstance(event, Text | Done)
                ]
            )

    asyncio.run(main())
    assert states == [*[TurnState.ANSWERING] * 3, TurnState.COMPLETE]
    assert archive.turn(1).text == f"So it is: {NOTICE} [1]. Surely."


def test_a_failure_is_stored_with_what_came_before(archive: Archive) -> None:
    events = [*events_of(archive)[:6], Failed("llm_interrupted", "It broke off.")]

    async def main() -> None:
        async with recording() as recorders:
            recorder = started(archive, recorders, Telling(events))
            assert await _all(recorder.events()) == events

    asyncio.run(main())
    kept = archive.turn(1)
    assert kept.state is TurnState.FAILED
    assert kept.failure == events[-1]
    assert kept.text.endswith("Surely.")
    assert len(kept.citations) == 1


@pytest.mark.parametrize("taken", range(6))
def test_who_goes_leaves_what_arrived(archive: Archive, taken: int) -> None:
    telling = Telling(events_of(archive)[:5], endless=True)

    async def main() -> None:
        async with recording() as recorders:
            coming = started(archive, recorders, telling).events()
            if taken < 5:
                for _ in range(taken):
                    await anext(coming)
                await coming.aclose()
                return
            waiting = asyncio.ensure_future(_all(coming))
            await telling.told.wait()
            waiting.cancel()

    asyncio.run(main())
    kept = archive.turn(1)
    assert kept.state is TurnState.INTERRUPTED
    assert kept.finished_at
    assert f"So it is: {NOTICE} [1]".startswith(kept.text)
    if taken == 5:
        assert len(kept.citations) == 1
        assert telling.closed


async def _all(events: AsyncGenerator[Event, None]) -> list[Event]:
    return [event async for event in events]


def test_a_stop_of_the_server_waits_until_all_are_stored(archive: Archive) -> None:
    telling = Telling(events_of(archive)[:5], endless=True)

    async def main() -> None:
        async with recording() as recorders:
            coming = started(archive, recorders, telling).events()
            for _ in range(5):
                await anext(coming)

    asyncio.run(main())
    assert telling.closed
    assert archive.turn(1).state is TurnState.INTERRUPTED
    assert archive.turn(1).text == f"So it is: {NOTICE} [1]"


def test_what_nobody_takes_is_answered_to_its_end(archive: Archive) -> None:
    async def main() -> None:
        async with recording() as recorders:
            await started(archive, recorders, Telling(events_of(archive))).running

    asyncio.run(main())
    assert archive.turn(1).state is TurnState.COMPLETE


def test_a_fault_of_ours_is_raised_and_stored(archive: Archive) -> None:
    async def faulty() -> AsyncGenerator[Event, None]:
        yield Started("Notice?")
        yield Text("It ")
        raise RuntimeError("a fault")

    async def main() -> None:
        async with recording() as recorders:
            turn = archive.asked(archive.conversation(), "Notice?")
            events = recorders.start(Record(archive.database, turn), faulty()).events()
            with pytest.raises(RuntimeError, match="a fault"):
                await _all(events)

    asyncio.run(main())
    kept = archive.turn(1)
    assert (kept.state, kept.text) == (TurnState.FAILED, "It ")
    assert kept.failure
    assert kept.failure.code == "internal_error"


def test_an_error_of_our_own_is_stored_by_its_name(archive: Archive) -> None:
    error = AuditUnavailable("Nothing can be recorded.")

    async def unrecorded() -> AsyncGenerator[Event, None]:
        yield Started("Notice?")
        raise error

    async def main() -> None:
        async with recording() as recorders:
            turn = archive.asked(archive.conversation(), "Notice?")
            events = recorders.start(Record(archive.database, turn), unrecorded()).events()
            with pytest.raises(AuditUnavailable):
                await _all(events)

    asyncio.run(main())
    kept = archive.turn(1)
    assert (kept.state, kept.failure) == (TurnState.FAILED, Failed.by(error))


def rename(archive: Archive, before: str, after: str) -> None:
    with archive.database.write() as connection:
        connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


def break_database(archive: Archive) -> None:
    """Have the database refuse to store an answer."""
    rename(archive, "turn_sources", "away")


def mend_database(archive: Archive) -> None:
    rename(archive, "away", "turn_sources")


@contextmanager
def once_told(act: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as the log tells that an answer is not stored."""

    class Acting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            log.removeHandler(self)
            act()

    log = logging.getLogger("serve.conversations.recorder")
    handler = Acting(logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def test_what_the_database_refuses_is_stored_once_it_does_not(archive: Archive) -> None:
    async def main() -> None:
        async with recording(Patience(pauses=(0.0, 0.0))) as recorders:
            events = started(archive, recorders, Telling(events_of(archive))).events()
            break_database(archive)
            assert isinstance((await _all(events))[-1], Done)

    with once_told(lambda: mend_database(archive)):
        asyncio.run(main())
    assert archive.turn(1).state is TurnState.COMPLETE
    assert len(archive.turn(1).citations) == 1


def test_what_finds_no_free_connection_is_stored_later(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the connections to PostgreSQL are out with readers, and it stands still."""

    def exhausted(_: Database) -> Never:
        raise NoConnection("QueuePool limit of size 5 overflow 10 reached")

    async def main() -> None:
        async with recording(Patience(pauses=(0.0, 0.0))) as recorders:
            events = started(archive, recorders, Telling(events_of(archive))).events()
            monkeypatch.setattr(Database, "write", exhausted)
            assert isinstance((await _all(events))[-1], Done)

    with once_told(monkeypatch.undo):
        asyncio.run(main())
    assert archive.turn(1).state is TurnState.COMPLETE


def test_what_is_refused_for_long_is_stored_later(archive: Archive) -> None:
    async def main() -> None:
        async with recording(Patience(pauses=(), later=0.01)) as recorders:
            events = started(archive, recorders, Telling(events_of(archive))).events()
            break_database(archive)
            with pytest.raises(OperationalError):
                await _all(events)
            assert archive.turn(1).state is TurnState.ANSWERING
            mend_database(archive)
            await asyncio.to_thread(until, lambda: archive.turn(1).state is not TurnState.ANSWERING)

    asyncio.run(main())
    assert archive.turn(1).state is TurnState.COMPLETE


def test_a_stop_of_the_server_does_not_pause(archive: Archive) -> None:
    async def main() -> None:
        async with recording(Patience(pauses=(1_000.0,))) as recorders:
            events = started(archive, recorders, Telling(events_of(archive))).events()
            break_database(archive)
            taking = asyncio.create_task(_all(events))
            await asyncio.to_thread(told.wait, 20)
            mend_database(archive)
        await taking

    told = threading.Event()
    with once_told(told.set):
        asyncio.run(main())
    assert archive.turn(1).state is TurnState.COMPLETE


def test_what_cannot_be_stored_at_all_is_told_as_failed(archive: Archive) -> None:
    broken = events_of(archive)
    answer = archive.quoting(NOTICE)
    broken[1] = Retrieved(answer.language, answer.hits, (), answer.support)

    async def main() -> None:
        async with recording() as recorders:
            with pytest.raises(ValueError, match="zip"):
                await _all(started(archive, recorders, Telling(broken)).events())

    asyncio.run(main())
    kept = archive.turn(1)
    assert (kept.state, kept.text) == (TurnState.FAILED, "")
    assert kept.failure
    assert kept.failure.code == "internal_error"
    assert kept.finished_at


def test_a_conversation_that_is_deleted_meanwhile_stays_so(archive: Archive) -> None:
    async def main() -> None:
        async with recording() as recorders:
            coming = started(archive, recorders, Telling(events_of(archive))).events()
            await anext(coming)
            with archive.database.write() as connection:
                delete_conversation(connection, OPERATOR, 1)
            assert isinstance((await _all(coming))[-1], Done)

    asyncio.run(main())
    with archive.database.read() as connection:
        for table in (turns, citations, quotes, turn_sources):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
