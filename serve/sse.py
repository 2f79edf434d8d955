"""Server-sent events: one JSON object a line of data, and a sign of life in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from pydantic import BaseModel
from starlette.responses import StreamingResponse

PING_SECONDS = 15.0

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event_stream(
    events: AsyncGenerator[BaseModel, None],
    stopping: asyncio.Event | None = None,
    ping_seconds: float = PING_SECONDS,
) -> StreamingResponse:
    """A response that sends events until there are no more, the client goes, or we stop."""
    return StreamingResponse(
        _lines(events, stopping or asyncio.Event(), ping_seconds),
        media_type="text/event-stream",
        headers=_HEADERS,
    )


async def _lines(
    events: AsyncGenerator[BaseModel, None], stopping: asyncio.Event, ping_seconds: float
) -> AsyncIterator[str]:
    stop = asyncio.ensure_future(stopping.wait())
    upcoming = asyncio.ensure_future(_next(events))
    try:
        while True:
            await asyncio.wait(
                (upcoming, stop), timeout=ping_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if upcoming.done():
                event = upcoming.result()
                if event is None:
                    return
                yield f"data: {event.model_dump_json()}\n\n"
                upcoming = asyncio.ensure_future(_next(events))
            elif stop.done():
                return
            else:
                yield ": ping\n\n"
    finally:
        stop.cancel()
        upcoming.cancel()
        with suppress(asyncio.CancelledError):
            await upcoming
        await events.aclose()


async def _next(events: AsyncGenerator[BaseModel, None]) -> BaseModel | None:
    return await anext(events, None)
