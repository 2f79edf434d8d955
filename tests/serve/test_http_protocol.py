"""What a client sends before its request is whole, over a real socket."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from serve import http_protocol
from serve.http_protocol import MOST_HEAD_BYTES, BoundedHttpProtocol

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
            pytest.fail("the server read on")
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


def test_a_client_that_dawdles_over_its_head_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)

    async def dawdling() -> bytes:
        async def app(scope: object, receive: object, send: object) -> None:
            raise AssertionError("no request was whole")

        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: ")
        told = await reader.read()
        writer.close()
        server.should_exit = True
        await serving
        return told

    assert asyncio.run(dawdling()).startswith(b"HTTP/1.1 408")
