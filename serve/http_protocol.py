"""HTTP/1.1 on a connection, with bounds on connections and on what keeps one open."""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 1 << 16
HEAD_SECONDS = 20.0
READ_SECONDS = 60.0
LEAST_READ_BYTES = 1 << 15

_FILES_EACH = 3
"""A connection may have a file behind it that it is sent; as many again are for all the rest."""

_TOO_MANY = b"503 Service Unavailable"
_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_SLOW = b"408 Request Timeout"


class _Outgoing:
    """What a client has still to read, and ends its connection unless it does."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """See to it from now on, while nothing more is written."""
        left = self._transport.get_write_buffer_size()
        if left and self._timer is None:
            self._timer = self._loop.call_later(READ_SECONDS, self._look, left)

    def leave(self) -> None:
        """See to it no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, before: int) -> None:
        self._timer = None
        left = self._transport.get_write_buffer_size()
        if left > max(0, before - LEAST_READ_BYTES):
            self._transport.abort()
        else:
            self.watch()


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools, which by itself reads a request's head without an end.

    A head that is larger than ``MOST_HEAD_BYTES``, or not there ``HEAD_SECONDS`` after the
    connection or the last response, closes the connection, so that nobody can fill the memory or
    hold connections with requests that never begin, or bodies that nobody reads any more. A client
    that reads less than ``LEAST_READ_BYTES`` of what waits for it in ``READ_SECONDS`` is cut off.
    More connections than ``most_connections`` are not taken.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._is_in_head = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and has to send a head."""
        super().connection_made(transport)
        self._outgoing = _Outgoing(transport, self.loop)
        if len(self.connections) > most_connections():
            self._refuse(_TOO_MANY)
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._head_is_there()
        self._outgoing.leave()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client has much to read."""
        super().pause_writing()
        self._outgoing.watch()

    def resume_writing(self) -> None:
        """The client has read most of it, so that more may be written."""
        super().resume_writing()
        self._outgoing.leave()
        if self.cycle is None or self.cycle.response_complete:
            self._outgoing.watch()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as the head is within its bounds."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(_TOO_LARGE)

    def on_response_complete(self) -> None:
        """Another request may come, for which uvicorn itself waits no longer once bytes do."""
        super().on_response_complete()
        self._outgoing.watch()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._time_head()

    def on_message_begin(self) -> None:
        """Another request begins, perhaps on a connection that had one before."""
        super().on_message_begin()
        if not self.flow.write_paused:
            # What is written for it would look as if nothing had been read.
            self._outgoing.leave()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole; limits of the body are the application's."""
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._is_in_head = True
        self._head_bytes = 0
        self._time_head()

    def _time_head(self) -> None:
        self._end_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, _TOO_SLOW)

    def _head_is_there(self) -> None:
        self._is_in_head = False
        self._end_timer()

    def _end_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: bytes) -> None:
        self._head_is_there()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n")
            self.transport.close()
            self._outgoing.watch()


def most_connections() -> int:
    """How many connections there may be, so that files of our own can always be opened."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return sys.maxsize
    return files // _FILES_EACH
