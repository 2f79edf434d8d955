"""A completion sent token by token, up to where it is scripted to go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from serve.scripted import refusals
from serve.scripted.frames import (
    COMMENT,
    DONE,
    GARBAGE,
    Counts,
    Envelope,
    error_frame,
)
from serve.scripted.replies import Fault, Reply

_FOREVER = 86_400.0


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens of a completion, why it ends after them, and what it costs."""

    tokens: Sequence[str]
    finish_reason: str
    counts: Counts
    with_usage: bool


@dataclass(slots=True)
class Engine:
    """What all completions of a server share: how it ends, if it does, and what it has written."""

    ending: Fault | None = None
    generated: int = 0


class Completion:
    """One completion on its way to a client."""

    def __init__(self, envelope: Envelope, reply: Reply, written: Written, engine: Engine) -> None:
        self._envelope = envelope
        self._reply = reply
        self._written = written
        self._engine = engine

    async def whole(self) -> web.Response:
        """The answer at once."""
        tokens, reply = self._written.tokens, self._reply
        await asyncio.sleep(reply.first_seconds + reply.token_seconds * len(tokens))
        if reply.fault or self._engine.ending:
            raise refusals.dead()
        reason, counts = self._written.finish_reason, self._written.counts
        return web.json_response(self._envelope.whole("".join(tokens), reason, counts))

    async def stream(self, request: web.Request, response: web.StreamResponse) -> None:
        """Send token after token, up to the end or to what goes wrong."""
        send = _Sender(request, response, self._reply.bytes_per_write)
        await asyncio.sleep(self._reply.first_seconds)
        await send(self._envelope.opening())
        tokens = self._written.tokens or [""]
        for n, token in enumerate(tokens):
            if fault := self._fault_at(n):
                await self._break(fault, send)
                return
            self._engine.generated += 1
            is_last = n == len(tokens) - 1
            await send(self._envelope.text(token, self._written.finish_reason if is_last else None))
            if self._reply.comments:
                await send(COMMENT)
            if self._reply.token_seconds:
                await asyncio.sleep(self._reply.token_seconds)
        if self._written.with_usage:
            await send(self._envelope.usage(self._written.counts))
        await send(DONE)

    def _fault_at(self, n: int) -> Fault | None:
        return self._engine.ending or (self._reply.fault if n == self._reply.after else None)

    async def _break(self, fault: Fault, send: _Sender) -> None:
        match fault:
            case "error":
                await send(error_frame(refusals.dead().body) + DONE)
            case "abort":
                await send(self._envelope.text("", "abort") + DONE)
            case "done":
                await send(DONE)
            case "garbage":
                await send(GARBAGE)
            case "cut":
                send.cut()
            case "silence":
                await asyncio.sleep(_FOREVER)


class _Sender:
    """Writes to a response, in pieces of so many bytes if any number is given."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, bytes_per_write: int
    ) -> None:
        self._request = request
        self._response = response
        self._size = bytes_per_write

    async def __call__(self, data: bytes) -> None:
        size = self._size or len(data)
        for start in range(0, len(data), size):
            await self._response.write(data[start : start + size])
            if self._size:
                await asyncio.sleep(0)

    def cut(self) -> None:
        """Break the connection off."""
        if self._request.transport is not None:
            self._request.transport.abort()
