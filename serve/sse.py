"""Server-sent events: one JSON object a line of data, and a sign of life in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from pydantic import BaseModel
from starlette.responses import StreamingResponse

PING_SECONDS = 15.0

_MOST_LINES = 256
"""What a client that does not read may leave waiting before its events are no longer made."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event_stream(
    events: AsyncGenerator[BaseModel | str, None],
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
    events: AsyncGenerator[BaseModel | str, None], stopping: asyncio.Event, ping_seconds: float
) -> AsyncIterator[str]:
    outbox = _Outbox()
    pump = asyncio.ensure_future(outbox.fill(events))
    stop = asyncio.ensure_future(stopping.wait())
    stop.add_done_callback(lambda _: outbox.close())
    pinging = asyncio.ensure_future(outbox.ping(ping_seconds))
    try:
        while lines := await outbox.taken():
            yield lines
        if not stop.done():
            await pump
    finally:
        for task in (pinging, stop, pump):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await events.aclose()


def _frame(event: BaseModel | str) -> str:
    """An event as it is sent; a text is one already."""
    return event if isinstance(event, str) else f"data: {event.model_dump_json()}\n\n"


class _Outbox:
    """Lines that are ready to be sent; what has come meanwhile is sent together."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._closed = False
        self._filled = asyncio.Event()
        self._taken = asyncio.Event()
        self._was_silent = True

    async def fill(self, events: AsyncGenerator[BaseModel | str, None]) -> None:
        """Take events in until there are no more."""
        try:
            async for event in events:
                self._lines.append(_frame(event))
                self._was_silent = False
                self._filled.set()
                if len(self._lines) >= _MOST_LINES:
                    self._taken.clear()
                    await self._taken.wait()
        finally:
            self.close()

    async def ping(self, seconds: float) -> None:
        """Give a sign of life whenever nothing has come for so long."""
        while True:
            self._was_silent = True
            await asyncio.sleep(seconds)
            if self._was_silent:
                self._lines.append(": ping\n\n")
                self._filled.set()

    def close(self) -> None:
        """There will be no more."""
        self._closed = True
        self._filled.set()

    async def taken(self) -> str:
        """All lines that are ready, once there are any; nothing at the end."""
        if not self._lines and not self._closed:
            await self._filled.wait()
        self._filled.clear()
        self._taken.set()
        lines, self._lines = self._lines, []
        return "".join(lines)
