"""Turns at work: never more than may be, none lost, first come first served, room for others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from serve.errors import TooManyRequests
from serve.request_turns import (
    RequestTurn,
    RequestTurns,
    as_own,
    leave_turn,
    own_turn,
    without_turn,
)
from serve.turn_taking import Exchange


@dataclass(slots=True)
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def held(*turns: RequestTurn) -> list[bool]:
    return [turn.is_held for turn in turns]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_as_many_as_may_be_work_and_the_next_one_waits() -> None:
    async def work() -> None:
        turns = RequestTurns(2, 1)
        first, second, third = (turns.turn(1) for _ in range(3))
        assert held(first, second, third) == [True, True, False]
        second.give_back()
        second.give_back()
        assert held(first, second, third) == [True, False, True]

    run(work())


def test_as_many_as_may_wait_do_and_the_next_one_is_refused() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 2)
        first, *waiting = (turns.turn(1) for _ in range(3))
        with pytest.raises(TooManyRequests, match="2 of your requests") as refused:
            turns.turn(1)
        assert refused.value.advice
        assert refused.value.retry_after > 0
        assert turns.turn(2).is_held
        first.give_back()
        assert held(*waiting) == [True, False]
        assert not turns.turn(1).is_held

    run(work())


def test_while_others_ask_a_person_has_a_share_of_what_one_has_alone() -> None:
    async def work() -> None:
        clock = Clock()
        turns = RequestTurns(4, 9, clock)
        eager = [turns.turn(1) for _ in range(9)]
        assert held(*eager).count(True) == 4
        other = turns.turn(2)
        assert other.is_held
        for turn in eager[:3]:
            turn.give_back()
        assert held(*eager) == [False] * 3 + [True] * 2 + [False] * 4
        other.give_back()
        eager[3].give_back()
        assert held(*eager).count(True) == 2
        clock.now += 10
        eager[4].give_back()
        assert held(*eager) == [False] * 5 + [True] * 4

    run(work())


def test_who_has_many_waiting_rests_while_others_ask() -> None:
    async def work() -> None:
        clock = Clock()
        turns = RequestTurns(1, 99, clock)
        many, few = [turns.turn(1) for _ in range(12)], [turns.turn(2) for _ in range(9)]
        clock.now += 0.02
        few[0].give_back()
        assert few[1].is_held
        many[0].give_back()
        assert not many[1].is_held
        paused = asyncio.create_task(many[0].hold())
        await asyncio.sleep(0)
        # What was begun goes on.
        assert many[0].is_held
        await paused
        many[0].give_back()
        assert not many[1].is_held
        await asyncio.wait_for(many[1].hold(), 10)
        for turn in few:
            turn.give_back()
        clock.now += 10
        many[1].give_back()
        assert many[2].is_held, "nobody else asks any more"

    run(work())


def test_with_more_people_than_turns_each_has_one() -> None:
    async def work() -> None:
        turns = RequestTurns(2, 9)
        assert held(*(turns.turn(person) for person in range(5))) == [True] * 5
        assert not turns.turn(0).is_held

    run(work())


def test_what_goes_on_after_a_pause_comes_before_what_is_new() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        paused, at_work = turns.turn(1), turns.turn(1)
        paused.give_back()
        new = turns.turn(1)
        going_on = asyncio.create_task(paused.hold())
        await asyncio.sleep(0)
        at_work.give_back()
        await going_on
        assert held(paused, new) == [True, False]
        paused.give_back()
        assert new.is_held

    run(work())


def test_who_no_longer_waits_leaves_the_queue() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        first, second, third = (turns.turn(1) for _ in range(3))
        waiting = asyncio.create_task(second.hold())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        first.give_back()
        assert third.is_held

    run(work())


def test_a_turn_that_comes_to_one_who_is_just_leaving_goes_on_to_the_next() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        first, second, third = (turns.turn(1) for _ in range(3))
        waiting = asyncio.create_task(second.hold())
        await asyncio.sleep(0)
        first.give_back()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        second.give_back()
        assert third.is_held

    run(work())


def test_later_work_of_a_request_takes_its_turn_again() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        turn = turns.turn(1)
        with as_own(turn):
            leave_turn()
            other = turns.turn(1)
            assert other.is_held

            async def later() -> bool:
                async with own_turn():
                    waiting = turns.turn(1)
                    is_free = waiting.is_held
                    waiting.give_back()
                    return is_free

            working = asyncio.create_task(later())
            await asyncio.sleep(0)
            assert not working.done()
            other.give_back()
            assert not await working
        assert turns.turn(1).is_held

    run(work())


def test_later_work_keeps_its_turn_though_the_response_begins() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        turn = turns.turn(1)
        with as_own(turn):
            leave_turn()
            async with own_turn():
                turn.give_back()
                other = turns.turn(1)
                assert not other.is_held
            assert other.is_held

    run(work())


def test_two_parts_of_a_request_work_one_after_the_other() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        at_work: list[str] = []

        async def part(name: str) -> None:
            async with own_turn():
                at_work.append(name)
                await asyncio.sleep(0)
                at_work.append(name)

        with as_own(turns.turn(1)):
            await asyncio.gather(part("a"), part("b"))
        assert at_work == ["a", "a", "b", "b"]
        assert turns.turn(1).is_held

    run(work())


def test_who_waits_for_something_else_holds_nothing_meanwhile() -> None:
    async def work() -> None:
        turns = RequestTurns(1, 9)
        turn = turns.turn(1)
        with as_own(turn):
            async with without_turn():
                other = turns.turn(1)
                assert other.is_held
                other.give_back()
            assert turn.is_held
        async with without_turn():
            pass

    run(work())


@pytest.mark.parametrize("steps", range(6))
def test_who_is_cancelled_while_a_turn_comes_leaves_it_to_the_next(steps: int) -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def nothing(_message: Message) -> None:
        """Nothing is sent."""

    async def work() -> None:
        turns = RequestTurns(1, 9)
        first, second = turns.turn(1), turns.turn(1)
        beginning = asyncio.create_task(Exchange(never, nothing).begun(second))
        await asyncio.sleep(0)
        first.give_back()
        for _ in range(steps):
            await asyncio.sleep(0)
        if not beginning.cancel():
            assert await beginning is second
            second.give_back()
        await asyncio.wait({beginning})
        if not beginning.cancelled():
            second.give_back()
        assert turns.turn(1).is_held

    run(work())


def test_without_a_turn_nothing_waits() -> None:
    async def work() -> None:
        leave_turn()
        async with own_turn():
            pass

    run(work())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.booleans()), max_size=60))
def test_no_turn_is_ever_lost(steps: list[tuple[int, int, bool]]) -> None:
    async def work() -> None:
        turns = RequestTurns(3, 4)
        open_turns: dict[int, list[RequestTurn]] = {0: [], 1: [], 2: []}
        for person, which, is_new in steps:
            own = open_turns[person]
            if is_new or not own:
                with suppress(TooManyRequests):
                    own.append(turns.turn(person))
            else:
                own.pop(which % len(own)).give_back()
            for each in open_turns.values():
                assert sum(held(*each)) <= 3
                assert any(held(*each)) or not each
        for each in open_turns.values():
            while each:
                assert each[0].is_held
                each.pop(0).give_back()
        assert [turns.turn(person).is_held for person in open_turns] == [True] * 3

    run(work())


def test_who_goes_away_while_resting_is_forgotten_without_a_fault() -> None:
    async def work() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))
        clock = Clock()
        turns = RequestTurns(1, 99, clock)
        many, other = [turns.turn(1) for _ in range(12)], turns.turn(2)
        clock.now += 0.02
        for turn in many:
            turn.give_back()
        clock.now += 10
        other.give_back()
        clock.now += 10
        await asyncio.sleep(0.1)
        assert faults == []
        assert turns.turn(1).is_held

    run(work())
