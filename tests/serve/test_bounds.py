"""Every bound of the API at its last value and at the one after it.

Those of streams, uploads, bodies and a person's turns have tests of their own.
"""

from __future__ import annotations

import json
import resource
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from serve.conversations.schemas import MAX_COMMENT_CHARACTERS
from serve.http_protocol import MOST_HEAD_BYTES
from serve.listing_cursor import MAX_CURSOR_LENGTH
from serve.people.passwords import MOST_CHARACTERS
from serve.people.schemas import MAX_MEMBERS
from serve.request_body import MOST_BYTES, OF_MCP
from serve.schemas import MAX_K, MAX_QUESTION_CHARACTERS, MAX_SCOPE_ITEMS
from serve.turn_taking import MOST_PER_ADDRESS, QUEUE_PER_ADDRESS
from tests.conftest import ServerFactory
from tests.fixtures.people import Town
from tests.fixtures.turns import nothing_written, waiting
from tests.fixtures.waiting import until

PER_MINUTE = 3
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
NOT_TAKEN = (422, "invalid_request")
NOT_TAKEN_AT_THE_DOOR = (400, "invalid_request")
TOO_MANY = (429, "too_many_requests")


@dataclass(frozen=True, slots=True)
class Site:
    """A server with a document, and what its operator may send it."""

    town: Town
    document: int
    collection: int

    @property
    def http(self) -> httpx.Client:
        return self.town.operator

    def search(self, **body: Any) -> httpx.Response:
        return self.http.post("/api/v1/search", json={"query": "ferry"} | body)

    def completion(self, *messages: str) -> httpx.Response:
        told = [{"role": "user", "content": each} for each in messages]
        body = {"model": "default", "messages": told}
        return self.http.post("/v1/chat/completions", json=body)

    def store_search(self, **body: Any) -> httpx.Response:
        path = f"/v1/vector_stores/vs_{self.collection}/search"
        return self.http.post(path, json={"query": "ferry"} | body)

    def part(self, value: str, *headers: str) -> httpx.Response:
        """What becomes of a form with the name of a collection that is not there."""
        lines = ['Content-Disposition: form-data; name="collection"', *headers]
        file = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nA ferry.'
        form = "\r\n".join(["--b", *lines, "", value, "--b", file, "--b--", ""])
        return self.http.post("/api/v1/documents", content=form.encode(), headers=FORM)


@pytest.fixture(scope="module")
def many_files() -> Iterator[None]:
    """This process and those that it starts may open as many files as connections are needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * (MOST_PER_ADDRESS + QUEUE_PER_ADDRESS)
    if soft != resource.RLIM_INFINITY:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def site(module_server: ServerFactory, many_files: None) -> Iterator[Site]:
    with closing(Town(module_server(REQUESTS_PER_MINUTE=str(PER_MINUTE)))) as town:
        (document,) = town.server.ingest({"ferry.txt": b"The ferry leaves at noon."})
        (home,) = town.operator.get("/api/v1/collections").json()["items"]
        yield Site(town, document, home["id"])


def whole_body(site: Site, size: int) -> httpx.Response:
    content = json.dumps({"query": "ferry"}).encode().ljust(size)
    return site.http.post("/api/v1/search", content=content, headers=JSON)


def parts(site: Site, many: int) -> httpx.Response:
    content = [{"type": "text", "text": ""}] * (many - 1) + [{"type": "text", "text": "ferry"}]
    body = {"model": "all", "messages": [{"role": "user", "content": content}]}
    return site.http.post("/v1/chat/completions", json=body)


def mcp_message(site: Site, size: int) -> httpx.Response:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    content = json.dumps(message).encode().ljust(size)
    headers = JSON | {"Accept": "application/json, text/event-stream"}
    return site.http.post("/mcp", content=content, headers=headers)


def entered(site: Site, length: int) -> httpx.Response:
    token = site.town.invited(f"With {length} characters")["token"]
    password = secrets.token_hex(length)[:length]
    body = {"token": token, "password": password}
    return site.town.browser().post("/api/v1/auth/links", json=body)


def members(site: Site, many: int) -> httpx.Response:
    group = site.http.post("/api/v1/groups", json={"name": f"Of {many}"}).json()["id"]
    return site.http.put(f"/api/v1/groups/{group}/members", json={"people": [999_999] * many})


def readers(site: Site, many: int) -> httpx.Response:
    body = {"readers": [{"person": "Nobody"}] * many}
    return site.http.put(f"/api/v1/documents/{site.document}/readers", json=body)


def feedback(site: Site, length: int) -> httpx.Response:
    body = {"value": "up", "comment": "x" * length}
    return site.http.put("/api/v1/turns/999999/feedback", json=body)


def often(site: Site, many: int) -> httpx.Response:
    """The reply to the last of so many requests of one person, one after the other."""
    http = site.town.person(f"Asks {many} times")
    return [http.get("/api/v1/me") for _ in range(many)][-1]


def side_by_side(site: Site, many: int) -> httpx.Response:
    """The reply to the last of so many requests of one address, of which none ends before.

    All but that come with a key that is not known until its first use is written down.
    """
    server, url = site.town.server, httpx.URL(site.town.server.url)
    person = site.town.id_of(site.town.person(f"Side by side {many}"))
    body = {"name": "new", "permissions": ["ask"], "person": person}
    key = site.http.post("/api/v1/keys", json=body).json()["key"]
    head = f"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
    http = site.town.browser()
    with ThreadPoolExecutor(1) as pool, nothing_written(server), ExitStack() as connections:
        for _ in range(many - 1):
            connection = socket.create_connection((url.host, url.port or 0), timeout=20)
            connections.enter_context(connection).sendall(head.encode())
        others = many - 1 - MOST_PER_ADDRESS
        until(lambda: waiting(server) == others)
        last = pool.submit(http.get, "/api/v1/auth/methods")
        until(lambda: last.done() or waiting(server) == others + 1)
    return last.result()


Send = Callable[[Site, int], httpx.Response]

BOUNDS: dict[str, tuple[int, Send, int, tuple[int, str]]] = {
    "bytes of a body": (MOST_BYTES, whole_body, 200, (413, "too_large")),
    "characters of a form's field": (
        1_000, lambda site, n: site.part("x" * n), 404, (400, "upload_malformed")
    ),
    "headers of a part": (
        16, lambda site, n: site.part("none", *["X: y"] * (n - 1)), 404, (400, "upload_malformed")
    ),
    "bytes of a part's header": (
        8_000,
        lambda site, n: site.part("none", "X: ".ljust(n, "y")), 404, (400, "upload_malformed"),
    ),
    "characters of a name": (
        200,
        lambda site, n: site.http.post("/api/v1/collections", json={"name": "n" * n}),
        201, NOT_TAKEN,
    ),
    "characters of a filter": (
        200,
        lambda site, n: site.http.get("/api/v1/documents", params={"q": "q" * n}),
        200, NOT_TAKEN,
    ),
    "characters of a collection": (
        200,
        lambda site, n: site.http.get("/api/v1/documents", params={"collection": "c" * n}),
        404, NOT_TAKEN,
    ),
    "characters of a cursor": (
        MAX_CURSOR_LENGTH,
        lambda site, n: site.http.get("/api/v1/documents", params={"cursor": "c" * n}),
        422, NOT_TAKEN,
    ),
    "collections to search": (
        MAX_SCOPE_ITEMS,
        lambda site, n: site.search(collections=[site.collection] * n), 200, NOT_TAKEN,
    ),
    "documents to search": (
        MAX_SCOPE_ITEMS,
        lambda site, n: site.search(documents=[site.document] * n), 200, NOT_TAKEN,
    ),
    "passages to find": (MAX_K, lambda site, n: site.search(k=n), 200, NOT_TAKEN),
    "characters to search for": (
        MAX_QUESTION_CHARACTERS, lambda site, n: site.search(query="q" * n), 200, NOT_TAKEN
    ),
    "characters of a question": (
        MAX_QUESTION_CHARACTERS,
        lambda site, n: site.http.post("/api/v1/chat?stream=false", json={"question": "q" * n}),
        200, NOT_TAKEN,
    ),
    "characters of a question at the door": (
        MAX_QUESTION_CHARACTERS,
        lambda site, n: site.completion("q" * n), 200, NOT_TAKEN_AT_THE_DOOR,
    ),
    "messages at the door": (
        1_000, lambda site, n: site.completion(*["ferry"] * n), 200, NOT_TAKEN_AT_THE_DOOR
    ),
    "parts of a message at the door": (1_000, parts, 200, NOT_TAKEN_AT_THE_DOOR),
    "items of an input at the door": (
        1_000,
        lambda site, n: site.http.post(
            "/v1/responses",
            json={"model": "all", "input": [{"role": "user", "content": "ferry"}] * n},
        ),
        200, NOT_TAKEN_AT_THE_DOOR,
    ),
    "bytes of a message of MCP": (int(OF_MCP.most_bytes), mcp_message, 200, (413, "too_large")),
    "files of a new store": (
        500,
        lambda site, n: site.http.post(
            "/v1/vector_stores", json={"name": "New", "file_ids": ["file-999999"] * n}
        ),
        404, NOT_TAKEN_AT_THE_DOOR,
    ),
    "queries of a store": (
        16, lambda site, n: site.store_search(query=["ferry"] * n), 200, NOT_TAKEN_AT_THE_DOOR
    ),
    "results of a store": (
        50, lambda site, n: site.store_search(max_num_results=n), 200, NOT_TAKEN_AT_THE_DOOR
    ),
    "characters of a password": (MOST_CHARACTERS, entered, 200, (422, "weak_password")),
    "readers of a document": (MAX_SCOPE_ITEMS, readers, 404, NOT_TAKEN),
    "members of a group": (MAX_MEMBERS, members, 404, NOT_TAKEN),
    "jobs by their ids": (
        500,
        lambda site, n: site.http.get("/api/v1/jobs", params={"id": [1] * n}), 200, NOT_TAKEN,
    ),
    "characters of a comment": (MAX_COMMENT_CHARACTERS, feedback, 404, NOT_TAKEN),
    "requests of a person in a minute": (PER_MINUTE, often, 200, TOO_MANY),
    "requests of an address": (
        MOST_PER_ADDRESS + QUEUE_PER_ADDRESS, side_by_side, 200, TOO_MANY
    ),
}  # fmt: skip


def code_of(response: httpx.Response) -> str:
    told = response.json()
    return str(told.get("error", told)["code"])


@pytest.mark.parametrize("name", BOUNDS)
def test_the_last_value_is_taken_and_the_next_one_is_refused(site: Site, name: str) -> None:
    most, send, accepted, refused = BOUNDS[name]
    taken = send(site, most)
    assert taken.status_code == accepted, taken.text[:500]
    beyond = send(site, most + 1)
    assert (beyond.status_code, code_of(beyond)) == refused, beyond.text[:500]
    if refused == TOO_MANY:
        assert int(beyond.headers["Retry-After"]) == beyond.json()["retry_after"] > 0


@pytest.mark.parametrize(
    ("size", "status"), [(MOST_HEAD_BYTES, b"200"), (MOST_HEAD_BYTES + 1, b"431")]
)
def test_a_head_that_goes_on_after_so_many_bytes(site: Site, size: int, status: bytes) -> None:
    address = httpx.URL(site.town.server.url)
    start = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: "
    with socket.create_connection((address.host, address.port or 0), timeout=20) as connection:
        connection.sendall(start.ljust(size, b"x"))
        if status == b"200":
            # So that the end of the head is read by itself.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"\r\n\r\n")
        assert connection.recv(64).split(b" ")[1] == status
