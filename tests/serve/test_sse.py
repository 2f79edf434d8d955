from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from pydantic import BaseModel

from serve.answer_schemas import TextEvent
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
    lines = asyncio.run(lines_of(two(0.3), ping=0.05))
    assert lines[0].startswith("data:")
    assert lines[-1].startswith("data:")
    assert set(lines[1:-1]) == {": ping\n\n"}


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
