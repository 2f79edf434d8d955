"""However an answer ends, it is stored as far as it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from retrieval.database import Database
from retrieval.schema import citations, quotes, turn_sources, turns
from serve.answers.events import Cited, Done, Event, Failed, Retrieved, Started, Text, Traced
from serve.caller import OPERATOR
from serve.conversations.recorder import Record, Recorder, Recorders, recording
from serve.conversations.store import delete_conversation
from serve.conversations.turns import TurnState
from tests.fixtures.answers import NOTICE, Archive


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
