"""The queue in front of the model: never too many, never a slot lost, first come, first served."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import TooManyQuestions
from serve.inference.admission import Admission, Ticket


async def places_of(ticket: Ticket) -> list[int]:
    return [place async for place in ticket.places()]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_with_room_there_is_no_queue() -> None:
    async def run() -> None:
        admission = Admission(2, 0)
        with admission.ticket() as one, admission.ticket() as other:
            assert await places_of(one) == await places_of(other) == []
            assert admission.running == 2
        assert admission.running == 0

    asyncio.run(run())


def test_each_change_of_place_is_told() -> None:
    async def run() -> None:
        admission = Admission(1, 3)
        tickets = [admission.ticket() for _ in range(4)]
        waits = [asyncio.ensure_future(places_of(ticket)) for ticket in tickets]
        await settle()
        tickets[1].release()
        tickets[1].release()
        await settle()
        tickets[0].release()
        await settle()
        tickets[2].release()
        assert await waits[3] == [3, 2, 1]
        assert await waits[2] == [2, 1]
        assert admission.running == 1
        tickets[3].release()
        assert (admission.running, admission.waiting) == (0, 0)

    asyncio.run(run())


def test_nobody_passes_those_who_wait() -> None:
    admission = Admission(1, 2)
    holder, first, second = (admission.ticket() for _ in range(3))
    holder.release()
    assert (first.place, second.place) == (0, 1)
    late = admission.ticket()
    assert late.place == 2


def test_a_full_queue_says_when_to_come_back() -> None:
    now = [0.0]
    admission = Admission(2, 2, clock=lambda: now[0])
    for seconds in (8.0, 12.0):
        ticket = admission.ticket()
        now[0] += seconds
        ticket.release()
    for _ in range(4):
        admission.ticket()
    with pytest.raises(TooManyQuestions, match="2 questions are waiting") as caught:
        admission.ticket()
    assert caught.value.retry_after == 15


@pytest.mark.parametrize(("seconds", "expected"), [(0.001, 1), (10_000.0, 120)])
def test_when_to_come_back_is_within_reason(seconds: float, expected: int) -> None:
    now = [0.0]
    admission = Admission(1, 0, clock=lambda: now[0])
    ticket = admission.ticket()
    now[0] += seconds
    ticket.release()
    admission.ticket()
    with pytest.raises(TooManyQuestions) as caught:
        admission.ticket()
    assert caught.value.retry_after == expected


def test_who_stops_listening_gives_the_place_up() -> None:
    async def run() -> None:
        admission = Admission(1, 2)
        holder, waiting = admission.ticket(), admission.ticket()
        places = waiting.places()
        assert await anext(places) == 1
        await places.aclose()  # type: ignore[attr-defined]
        assert admission.waiting == 0
        holder.release()
        assert admission.running == 0

    asyncio.run(run())


@dataclass(frozen=True, slots=True)
class Asker:
    """Comes after some steps, works for some, and may be cancelled at any."""

    comes: int
    works: int
    cancelled: int | None


ASKERS = st.lists(
    st.builds(
        Asker, st.integers(0, 12), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 30))
    ),
    max_size=14,
)


@given(ASKERS, st.integers(1, 3), st.integers(0, 6))
def test_no_slot_is_exceeded_or_lost(askers: list[Asker], streams: int, queue: int) -> None:
    asyncio.run(_crowd(askers, Admission(streams, queue), streams, queue))


async def _crowd(askers: list[Asker], admission: Admission, streams: int, queue: int) -> None:
    came: list[int] = []
    served: list[int] = []
    working: set[int] = set()

    async def ask(number: int, asker: Asker) -> None:
        for _ in range(asker.comes):
            await asyncio.sleep(0)
        with suppress(TooManyQuestions), admission.ticket() as ticket:
            came.append(number)
            before = 1_000
            async for place in ticket.places():
                assert 0 < place < before
                before = place
            served.append(number)
            working.add(number)
            try:
                for _ in range(asker.works):
                    await asyncio.sleep(0)
            finally:
                working.discard(number)

    tasks = [asyncio.ensure_future(ask(n, asker)) for n, asker in enumerate(askers)]
    for step in range(200):
        for task, asker in zip(tasks, askers, strict=True):
            if asker.cancelled == step:
                task.cancel()
        await asyncio.sleep(0)
        assert len(working) <= admission.running <= streams
        assert admission.waiting <= queue
        assert not admission.waiting or admission.running == streams
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ended)
    assert (admission.running, admission.waiting) == (0, 0)
    if streams == 1:
        # With more, one whose turn has come may start after another that found room at once.
        assert served == [number for number in came if number in served]


def test_a_person_has_a_bounded_number_of_questions() -> None:
    admission = Admission(1, 10, per_asker=3)
    tickets = [admission.ticket(7) for _ in range(3)]
    with pytest.raises(TooManyQuestions, match="3 of your questions") as refused:
        admission.ticket(7)
    assert refused.value.retry_after > 0
    other = admission.ticket(8)
    tickets[1].release()
    again = admission.ticket(7)
    with pytest.raises(TooManyQuestions):
        admission.ticket(7)
    nobody = [admission.ticket() for _ in range(6)]
    for each in (*tickets, other, again, *nobody):
        each.release()
    assert (admission.running, admission.waiting) == (0, 0)


def test_people_come_by_turns() -> None:
    admission = Admission(1, 20)
    flood = [admission.ticket(1) for _ in range(5)]
    other = [admission.ticket(2) for _ in range(2)]
    late = admission.ticket(3)
    assert flood[0].place == 0
    assert [each.place for each in (other[0], late, flood[1], other[1])] == [1, 2, 3, 4]
    assert [each.place for each in flood[2:]] == [5, 6, 7]
    for each in (*flood, *other, late):
        each.release()
    assert (admission.running, admission.waiting) == (0, 0)
