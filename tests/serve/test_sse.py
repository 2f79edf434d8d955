from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pydantic import BaseModel

from serve.answers.schemas import TextEvent
from serve.sse import event_stream


async def lines_of(
    events: AsyncGenerator[BaseModel, None], stopping: asyncio.Event | None = None, ping: float = 15
) -> list[str]:
    response = event_stream(events, stopping, ping)
    return [str(line) async for line in response.body_iterator]


async def two(pause: float = 0) -> AsyncGenerator[TextEvent, None]:
    yield TextEvent(delta="one\ntwo")
    await asyncio.sleep(pause)
    yield TextEvent(delta="é")


def test_each_event_is_one_line_of_data() -> None:
    assert asyncio.run(lines_of(two())) == [
        'data: {"type":"text","delta":"one\\ntwo"}\n\n',
        'data: {"type":"text","delta":"é"}\n\n',
    ]


def test_a_sign_of_life_in_between() -> None:
    # What has come meanwhile is sent together.
    first, *between, second, end = "".join(asyncio.run(lines_of(two(0.3), ping=0.05))).split("\n\n")
    assert first.startswith("data:")
    assert second.startswith("data:")
    assert set(between) == {": ping"}
    assert end == ""


def test_the_stream_ends_when_we_stop_and_its_source_is_closed() -> None:
    closed = False

    async def endless() -> AsyncGenerator[TextEvent, None]:
        nonlocal closed
        try:
            yield TextEvent(delta="first")
            await asyncio.sleep(60)
        finally:
            closed = True

    async def stopped() -> list[str]:
        stopping = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        return await lines_of(endless(), stopping)

    assert len(asyncio.run(stopped())) == 1
    assert closed


def test_what_goes_wrong_in_the_events_is_raised() -> None:
    async def broken() -> AsyncGenerator[TextEvent, None]:
        yield TextEvent(delta="first")
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        asyncio.run(lines_of(broken()))


def test_a_client_that_does_not_read_holds_the_events_back() -> None:
    made = 0

    async def many() -> AsyncGenerator[TextEvent, None]:
        nonlocal made
        while made < 10_000:
            made += 1
            yield TextEvent(delta="x")

    async def first_line_only() -> int:
        lines = event_stream(many()).body_iterator
        await anext(aiter(lines))
        await asyncio.sleep(0.05)
        before = made
        rest = [line async for line in lines]
        assert "".join(map(str, rest)).count("data:") >= 10_000 - before
        return before

    assert asyncio.run(first_line_only()) < 1_000
