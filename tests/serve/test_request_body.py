"""Bodies are as large, as deep and as slow as they may be, and no more."""

from __future__ import annotations

import asyncio
import json
import math
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from serve.held_open import MOST_BODIES
from serve.problems import Refusal
from serve.request_body import MOST_DEPTH, PATIENCE_SECONDS, BodyBounds, RequestBody, is_deeper
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.waiting import PATIENCE

QUICK = BodyBounds(most_bytes=1_000, bytes_a_second=100, stalled="body_stalled", patience=2.0)


@dataclass(slots=True)
class Client:
    """Sends pieces of so many bytes, each after a silence of so many seconds."""

    pieces: list[tuple[float, int]]
    at: int = field(default=0)

    async def receive(self) -> Message:
        if self.at == len(self.pieces):
            await asyncio.sleep(60)
        seconds, size = self.pieces[self.at]
        await asyncio.sleep(seconds)
        self.at += 1
        more = self.at < len(self.pieces)
        return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def read(client: Client, bounds: BodyBounds = QUICK) -> int:
    """How much comes of a body that its reader takes at once."""
    body, total = RequestBody(client.receive, bounds), 0
    while True:
        message = await body.receive()
        total += len(message["body"])
        if not message["more_body"]:
            return total


def test_a_body_may_come_in_pieces() -> None:
    assert asyncio.run(read(Client([(0.0, 1), (0.05, 2), (0.0, 0)]))) == 3


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([(60.0, 1)], 408, "body_stalled"),
        ([(0.0, 900), (60.0, 1)], 408, "body_stalled"),
        ([(0.05, 1)] * 100, 408, "body_stalled"),
        ([(0.0, 600), (0.0, 401)], 413, "too_large"),
    ],
    ids=["nothing", "silence after much", "byte by byte", "too much"],
)
def test_a_body_beyond_its_bounds_is_refused(
    pieces: list[tuple[float, int]], status: int, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        asyncio.run(asyncio.wait_for(read(Client(pieces)), 40))
    assert (refused.value.problem.status, refused.value.problem.code) == (status, code)


def test_what_has_come_quickly_earns_time() -> None:
    slow = [(0.0, 200)] + [(0.1, 1)] * 25
    assert asyncio.run(read(Client(slow))) == 225


def test_what_has_come_quickly_earns_no_more_than_so_much_time() -> None:
    bounds = replace(QUICK, most_bytes=math.inf, most_earned=0.2)
    slow = [(0.0, 1_000_000)] + [(0.1, 1)] * 30
    with pytest.raises(Refusal) as refused:
        asyncio.run(read(Client(slow), bounds))
    assert refused.value.problem.code == "body_stalled"
    fast = [(0.2, 100)] * 15
    assert asyncio.run(read(Client(fast), bounds)) == 1_500


def test_after_its_end_nothing_is_timed() -> None:
    async def ended() -> None:
        client = Client([(0.0, 1)])
        body = RequestBody(client.receive, QUICK)
        assert not (await body.receive())["more_body"]
        client.pieces.append((2.5, 0))
        await body.receive()

    asyncio.run(ended())


NESTED = st.recursive(
    st.one_of(st.integers(), st.text('[]{}"\\a')),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text('[{"\\'), inner)),
    max_leaves=30,
)


def depth_of(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    is_inside = isinstance(value, dict | list)
    return is_inside + max((depth_of(each) for each in inner), default=0)


@given(NESTED, st.integers(0, 5))
def test_the_depth_is_that_of_the_parser(value: object, most: int) -> None:
    assert is_deeper(json.dumps(value).encode(), most) == (depth_of(value) > most)


@pytest.mark.parametrize("shape", [("[", "]"), ('{"a":', "}"), ("[" * 500_000, "")])
def test_a_deep_body_is_deeper(shape: tuple[str, str]) -> None:
    opening, closed = shape
    deep = opening * (MOST_DEPTH + 1) + "1" + closed * (MOST_DEPTH + 1)
    assert is_deeper(deep.encode()[: 1 << 20], MOST_DEPTH)


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    with closing(Town(module_server(WORKERS="0"))) as town:
        yield town


def begun(
    server: RunningServer,
    authorization: str,
    path: str = "/api/v1/search",
    kind: str = "application/json",
) -> socket.socket:
    """A request of whose body seven bytes have come."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        "Accept: application/json, text/event-stream\r\nContent-Length: 1000\r\n"
        f'Authorization: {authorization}\r\n\r\n{{"query'.encode()
    )
    return connection


def test_of_one_person_so_many_bodies_are_awaited(town: Town) -> None:
    person = town.person("Dawdling")
    key = town.key(person).headers["Authorization"]
    with ExitStack() as stack:
        waiting = [stack.enter_context(begun(town.server, key)) for _ in range(MOST_BODIES + 1)]
        (refused, *_), _, _ = select.select(waiting, [], [], PATIENCE)
        assert refused.recv(4_096).startswith(b"HTTP/1.1 429")
        # What comes whole is answered, and so are others.
        assert person.post("/api/v1/search", json={"query": "x"}).status_code == 200
        other = town.person("Other")
        assert other.post("/api/v1/search", json={"query": "x"}).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [
        ("/api/v1/search", "application/json", b"body_stalled"),
        ("/mcp", "application/json", b"body_stalled"),
        ("/v1/embeddings", "application/json", b"body_stalled"),
        ("/v1/files", "multipart/form-data; boundary=b", b"upload_stalled"),
    ],
)
def test_a_body_that_does_not_come_is_told_so(
    town: Town, path: str, kind: str, code: bytes
) -> None:
    authorization = town.operator.headers["Authorization"]
    with begun(town.server, authorization, path, kind) as connection:
        connection.settimeout(3 * PATIENCE_SECONDS)
        told = b""
        while piece := connection.recv(65_536):
            told += piece
    assert told.startswith(b"HTTP/1.1 408")
    assert code in told


def test_the_deepest_body_is_read_and_the_next_one_is_refused(town: Town) -> None:
    def sent(depth: int) -> int:
        body = {"query": "x", "collections": json.loads("[" * depth + "]" * depth)}
        response = town.operator.post("/api/v1/search", json=body)
        if response.status_code == 400:
            assert "64 levels" in problem(response, 400, "bad_request")["detail"]
        return response.status_code

    # The object around it is one level.
    assert [sent(MOST_DEPTH - 1), sent(MOST_DEPTH)] == [422, 400]
