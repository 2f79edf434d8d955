"""What a client sends before its request is whole, over a real socket."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from serve import http_protocol
from serve.http_protocol import MOST_HEAD_BYTES, BoundedHttpProtocol, most_connections
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory


@pytest.fixture(scope="module")
def idle(module_server: ServerFactory) -> RunningServer:
    return module_server(WORKERS="0")


def connected(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def reply(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = b""
    while data := connection.recv(65_536):
        received += data
    return received


@pytest.mark.parametrize("start", [b"GET /healthz?", b"GET /healthz HTTP/1.1\r\nX-Long: "])
def test_a_head_without_an_end_is_refused(idle: RunningServer, start: bytes) -> None:
    with connected(idle) as connection:
        connection.sendall(start)
        try:
            for _ in range(64):
                connection.sendall(b"x" * (MOST_HEAD_BYTES // 8))
                time.sleep(0.005)
        except (ConnectionError, TimeoutError):
            pass
        else:
            # It was all taken into the buffers on its way, but was it read?
            with suppress(ConnectionError):
                assert reply(connection).startswith(b"HTTP/1.1 431")
    assert idle.http.get("/healthz").status_code == 200


def test_a_large_body_behind_a_small_head_is_none_of_its_business(idle: RunningServer) -> None:
    body = b'{"query": "' + b"x" * 3_000 + b'"}'
    for _ in range(3):
        response = idle.http.post(
            "/api/v1/search", content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 200


def test_what_is_no_http_is_refused(idle: RunningServer) -> None:
    with connected(idle) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert reply(connection).startswith(b"HTTP/1.1 400")


def test_pipelined_requests_are_answered_in_their_order(idle: RunningServer) -> None:
    with connected(idle) as connection:
        ask = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        connection.sendall(ask + b"\r\n" + ask + b"Connection: close\r\n\r\n")
        assert reply(connection).count(b"HTTP/1.1 200") == 2


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


def spoken(talk: Talk, before: int = 0) -> bytes:
    """What comes of talking to a server of one page, beside so many silent connections."""

    async def app(scope: object, receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def serving() -> bytes:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        served = asyncio.ensure_future(server.serve([listener]))
        silent = [await asyncio.open_connection(*listener.getsockname()) for _ in range(before)]
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            return await asyncio.wait_for(talk(reader, writer), 20)
        finally:
            for each in (writer, *(to_server for _, to_server in silent)):
                each.close()
            server.should_exit = True
            await served

    return asyncio.run(serving())


def test_a_client_that_dawdles_over_its_head_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)

    async def dawdle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: ")
        return await reader.read()

    assert spoken(dawdle).startswith(b"HTTP/1.1 408")


async def until_it_ends(reader: asyncio.StreamReader) -> bytes:
    """All that comes, whether the connection ends well or is reset."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := await reader.read(65_536):
            received += piece
    return received


@pytest.mark.parametrize("crumb", [b"\r\n", b"x"], ids=["no request", "a body that nobody reads"])
def test_after_a_response_no_crumbs_keep_a_connection(
    monkeypatch: pytest.MonkeyPatch, crumb: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.5)

    async def crumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        length = b"Content-Length: 1000\r\n" if crumb == b"x" else b""
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n")
        ended = asyncio.ensure_future(until_it_ends(reader))
        while not ended.done():
            writer.write(crumb)
            await asyncio.wait({ended}, timeout=0.05)
        return ended.result()

    assert spoken(crumble).startswith(b"HTTP/1.1 204")


def test_a_connection_too_many_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "most_connections", lambda: 2)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return await reader.read()

    assert spoken(ask, before=1).startswith(b"HTTP/1.1 204")
    assert spoken(ask, before=2).startswith(b"HTTP/1.1 503")


def test_connections_leave_files_for_others() -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < most_connections() < files or files == resource.RLIM_INFINITY


def test_two_files_for_each_connection_leave_files_for_others() -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 2 * most_connections() < files or files == resource.RLIM_INFINITY


async def without_end(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.ensure_future(receive())
    while not gone.done() or gone.result()["type"] != "http.disconnect":
        if gone.done():
            gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await asyncio.sleep(0)


async def at_once(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-length", b"%d" % MUCH)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * MUCH})


MUCH = 24 << 20
"""More than a kernel takes for a client that reads nothing."""


@asynccontextmanager
async def asked(app: ASGIApp, *heads: bytes) -> AsyncIterator[tuple[uvicorn.Server, socket.socket]]:
    """A server and a connection on which so much has been sent and nothing was read."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    served = asyncio.ensure_future(server.serve([listener]))
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, listener.getsockname())
        await loop.sock_sendall(connection, b"".join(heads))
        try:
            yield server, connection
        finally:
            server.should_exit = True
            connection.close()
            await served


CLOSED = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
KEPT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("app", "head"),
    [(without_end, CLOSED), (at_once, CLOSED), (at_once, KEPT), (at_once, KEPT + b"X" * 70_000)],
    ids=["no end", "whole", "kept open", "refused behind it"],
)
def test_a_client_that_reads_nothing_is_sent_away(
    monkeypatch: pytest.MonkeyPatch, app: ASGIApp, head: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "READ_SECONDS", 0.2)

    async def ended() -> None:
        begun = asyncio.Event()

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            begun.set()
            await app(scope, receive, send)

        async with asked(noted, head) as (server, _):
            await begun.wait()
            await asyncio.to_thread(until, lambda: not server.server_state.connections)

    asyncio.run(ended())


def test_a_client_that_reads_slowly_is_sent_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "READ_SECONDS", 3.0)

    async def read() -> int:
        loop, total = asyncio.get_running_loop(), 0
        async with asked(at_once, CLOSED) as (_, connection):
            while piece := await loop.sock_recv(connection, 1 << 19):
                total += len(piece)
                await asyncio.sleep(0.03)
        return total

    assert asyncio.run(read()) > MUCH
