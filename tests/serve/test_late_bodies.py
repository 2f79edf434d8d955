"""Who may no longer do what a request asks for by the time that its body has come."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.fixtures.people import Town

UPLOADS = ("/api/v1/documents", "/v1/files")
FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    b"The lighthouse opens in May.\r\n--edge--\r\n"
)


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    with closing(Town(module_server(WORKERS="0"))) as town:
        yield town


def sent_late(request: httpx.Request, deed: Callable[[], object]) -> bytes:
    """The answer to a request of whose body half is awaited while something is done."""
    head = {**request.headers, "Expect": "100-continue", "Connection": "close"}
    lines = [f"{request.method} {request.url.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    body = request.read()
    half = len(body) // 2
    address = (request.url.host, request.url.port or 0)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        # Said once the body is asked for, and so after whoever sends it was found to be somebody.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        connection.sendall(body[:half])
        deed()
        connection.sendall(body[half:])
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def invitation(http: httpx.Client, name: str) -> httpx.Request:
    return http.build_request("POST", "/api/v1/people", json={"name": name})


def signed_out(town: Town, http: httpx.Client) -> None:
    assert http.post("/api/v1/auth/logout").status_code == 204


def suspended(town: Town, http: httpx.Client) -> None:
    town.suspended(town.id_of(http))


def no_longer_administrator(town: Town, http: httpx.Client) -> None:
    path = f"/api/v1/people/{town.id_of(http)}"
    assert town.operator.patch(path, json={"is_administrator": False}).status_code == 200


@pytest.mark.parametrize(
    ("deed", "status", "code"),
    [
        (signed_out, b"401", b'"not_signed_in"'),
        (suspended, b"401", b'"not_signed_in"'),
        (no_longer_administrator, b"403", b'"not_allowed"'),
    ],
)
def test_nobody_is_invited_by_who_may_not_any_more(
    town: Town, deed: Callable[[Town, httpx.Client], None], status: bytes, code: bytes
) -> None:
    name = deed.__name__
    http = town.person(name, administrator=True)
    told = sent_late(invitation(http, f"friend of {name}"), lambda: deed(town, http))
    assert told.startswith(b"HTTP/1.1 " + status), told
    assert code in told
    people = town.operator.get("/api/v1/people").json()["items"]
    assert f"friend of {name}" not in {each["name"] for each in people}


def test_a_body_that_comes_late_is_taken_of_who_may(town: Town) -> None:
    for http in (town.person("Patient", administrator=True), town.operator):
        told = sent_late(invitation(http, f"friend of {id(http)}"), lambda: None)
        assert told.startswith(b"HTTP/1.1 201"), told
        assert json.loads(told.partition(b"\r\n\r\n")[2])["token"]


@pytest.mark.parametrize("path", UPLOADS)
def test_nothing_is_taken_in_by_a_key_that_is_gone(town: Town, path: str) -> None:
    person = town.person(f"Writer {path}")
    (home,) = town.operator.get("/api/v1/collections").json()["items"]
    town.granted(home["id"], person, "writer")
    key = town.key(person, "ingest")
    [made] = person.get("/api/v1/keys").json()["items"]
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    upload = key.build_request("POST", path, content=FORM, headers=kind)

    def gone() -> None:
        assert person.delete(f"/api/v1/keys/{made['id']}").status_code == 204

    told = sent_late(upload, gone)
    assert told.startswith(b"HTTP/1.1 401"), told
    assert b"not_signed_in" in told
    assert town.operator.get("/api/v1/documents").json()["items"] == []
    assert list((town.server.data / "incoming").iterdir()) == []
