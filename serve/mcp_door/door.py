"""The tools at /mcp: opened with the first request, closed with the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class McpDoor:
    """Hands requests to the SDK, which is loaded when the first one comes."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._sessions: asyncio.Future[StreamableHTTPSessionManager] | None = None
        self._running: asyncio.Task[None] | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._sessions is None or self._running is None or self._running.done():
            self._sessions = asyncio.get_running_loop().create_future()
            self._running = asyncio.create_task(self._run(self._sessions), name="mcp")
        sessions = await asyncio.shield(self._sessions)
        await sessions.handle_request(scope, receive, send)

    async def _run(self, opened: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        # The SDK wants to be entered and left in one task.
        try:
            sessions = await asyncio.to_thread(_loaded, self._version)
            async with sessions.run():
                opened.set_result(sessions)
                await asyncio.Event().wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def close(self) -> None:
        """End all that is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})


@asynccontextmanager
async def mcp_door(version: str) -> AsyncIterator[McpDoor]:
    """A door that is closed when the block ends."""
    door = McpDoor(version)
    try:
        yield door
    finally:
        await door.close()


def _loaded(version: str) -> StreamableHTTPSessionManager:
    from serve.mcp_door.server import http_sessions

    return http_sessions(version)
