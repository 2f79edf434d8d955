"""What is refused of an upload before it is read, and how many a person has under way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from serve.held_open import MOST_UPLOADS
from tests.conftest import ServerFactory
from tests.fixtures.people import Town
from tests.fixtures.waiting import until

PATHS = ("/api/v1/documents", "/v1/files")
FILE = (
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nA lighthouse'
)

MUCH = b"." * (1 << 19)
"""What comes is looked at in large pieces."""


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    with closing(Town(module_server(WORKERS="0"))) as town:
        yield town


def writer(town: Town, name: str) -> httpx.Client:
    """Somebody's key for taking documents in to the default collection."""
    person = town.person(name)
    (home,) = town.operator.get("/api/v1/collections").json()["items"]
    town.granted(home["id"], person, "writer")
    return town.key(person, "ingest", "search")


def begun(town: Town, key: httpx.Client, path: str, body: bytes) -> socket.socket:
    """An upload of which only the beginning is sent."""
    address = httpx.URL(town.server.url)
    connection = socket.create_connection((address.host, address.port or 0), timeout=20)
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {key.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n"
        "Content-Length: 100000000\r\n\r\n".encode()
        + body
    )
    return connection


def reply(connection: socket.socket) -> bytes:
    """A problem as it comes."""
    told = b""
    while not told.endswith(b"}"):
        piece = connection.recv(65_536)
        assert piece, told
        told += piece
    return told


def incoming(town: Town) -> int:
    return len(list((town.server.data / "incoming").iterdir()))


@pytest.mark.parametrize("path", PATHS)
def test_who_writes_nowhere_sends_nothing(town: Town, path: str) -> None:
    reader = town.key(town.person(f"Reader of {path}"), "ingest")
    with begun(town, reader, path, FILE) as connection:
        told = reply(connection)
    assert told.startswith(b"HTTP/1.1 403")
    assert b"not_allowed" in told
    assert incoming(town) == 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("names", [("purse",), ("collection", "collection")])
def test_a_field_too_many_ends_the_upload(town: Town, path: str, names: tuple[str, ...]) -> None:
    key = writer(town, f"Fields {path} {names}")
    fields = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\ndefault\r\n'
        for name in names
    ]
    with begun(town, key, path, "".join(fields).encode() + FILE + MUCH) as connection:
        told = reply(connection)
    assert told.startswith(b"HTTP/1.1 400" if path == "/v1/files" else b"HTTP/1.1 422")
    assert names[-1].encode() in told


def test_of_one_person_so_many_uploads_are_under_way(town: Town) -> None:
    key, other = writer(town, "Busy"), writer(town, "Other")
    files = {"file": ("b.txt", b"A harbour.")}
    with ExitStack() as stack:
        for number in range(MOST_UPLOADS):
            path = PATHS[number % len(PATHS)]
            stack.enter_context(begun(town, key, path, FILE + MUCH))
        until(lambda: incoming(town) == MOST_UPLOADS)
        for path in PATHS:
            refused = key.post(path, files=files)
            assert refused.status_code == 429
            assert "too_many_requests" in refused.text
        assert other.post(PATHS[0], files=files).status_code == 202
    until(lambda: incoming(town) == 0)
    assert key.post(PATHS[0], files=files).status_code == 202
