from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import operator_of

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

LIMIT = 2_000
BOUNDARY = "b0undary"


@pytest.fixture(scope="module")
def strict(module_server: ServerFactory) -> RunningServer:
    """A server with narrow limits that takes nothing in."""
    return module_server(WORKERS="0", MAX_UPLOAD_BYTES=str(LIMIT), MAX_FILES_PER_UPLOAD="3")


def form(*parts: tuple[str, bytes], end: bool = True) -> bytes:
    """A form of parts, each with its disposition and its content."""
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
        for disposition, content in parts
    )
    return body + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


def file_part(name: str, content: bytes) -> tuple[str, bytes]:
    return f'form-data; name="file"; filename="{name}"', content


def posted(server: RunningServer, body: bytes, boundary: str = BOUNDARY) -> httpx.Response:
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return server.http.post("/api/v1/documents", content=body, headers=headers)


def incoming(server: RunningServer) -> list[str]:
    return [path.name for path in (server.data / "incoming").iterdir()]


def spoken(server: RunningServer, *pieces: bytes) -> bytes:
    """What the server says to bytes on a raw socket until it closes it."""
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    answer = b""
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        with suppress(ConnectionError):
            for piece in pieces:
                raw.sendall(piece)
        with suppress(ConnectionError):
            while block := raw.recv(65536):
                answer += block
    return answer


def broken_off(server: RunningServer, *pieces: bytes) -> None:
    """Send bytes on a raw socket and go away."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        for piece in pieces:
            raw.sendall(piece)
        time.sleep(0.2)


def head(server: RunningServer, *lines: str) -> bytes:
    first = ("POST /api/v1/documents HTTP/1.1", "Host: localhost", "Connection: close")
    own = [f"{name}: {value}" for name, value in operator_of(server.data).items()]
    kind = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
    return "\r\n".join([*first, *own, kind, *lines, "", ""]).encode()


def test_a_file_of_exactly_the_limit_is_taken(strict: RunningServer) -> None:
    (item,) = strict.upload({"limit.txt": b"a" * LIMIT})
    assert item["error"] is None
    assert item["document_id"]


def test_one_byte_more_is_refused_and_does_not_stop_the_others(strict: RunningServer) -> None:
    items = strict.upload(
        {"before.txt": b"before", "large.txt": b"b" * (LIMIT + 1), "after.txt": b"after"}
    )
    assert [item["name"] for item in items] == ["before.txt", "large.txt", "after.txt"]
    assert [item["error"] and item["error"]["code"] for item in items] == [None, "too_large", None]
    assert items[1]["error"]["status"] == 413
    assert str(LIMIT) in items[1]["error"]["detail"]
    assert items[1]["document_id"] is None
    assert incoming(strict) == []


def test_who_never_stops_sending_is_cut_off(strict: RunningServer) -> None:
    response = posted(strict, form(file_part("huge.txt", b"c" * (40 << 20))))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert incoming(strict) == []


def test_as_many_files_as_allowed_and_one_more(strict: RunningServer) -> None:
    files = {f"{n}.txt": f"file {n}".encode() for n in range(3)}
    assert len(strict.upload(files)) == 3
    parts = [file_part(f"{n}.txt", f"more {n}".encode()) for n in range(4)]
    response = posted(strict, form(*parts))
    assert (response.status_code, response.json()["code"]) == (413, "too_many_files")
    assert incoming(strict) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("..%2F..%2Fx.txt", "..%2F..%2Fx.txt"),
        ("/etc/shadow", "etc/shadow"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("a/../b.txt", "a/b.txt"),
        ("nul\0byte.txt", "nulbyte.txt"),
        ("x" * 300 + ".txt", "x" * 300 + ".txt"),
        ("rtl\u202etxt.exe", "rtltxt.exe"),
        ("CON", "CON"),
        ("", "unnamed"),
        ("...", "..."),
        ("été/œuvre.txt", "été/œuvre.txt"),
    ],
)
def test_names_never_become_paths(strict: RunningServer, name: str, kept: str) -> None:
    before = {path for path in strict.data.parent.rglob("*") if path.is_file()}
    content = f"content of {name!r}"[:LIMIT].encode()
    response = posted(strict, form(file_part(name, content)))
    (item,) = response.json()["items"]
    assert item["name"] == kept
    after = {path for path in strict.data.parent.rglob("*") if path.is_file()}
    fresh = [path for path in after - before if "originals" in path.parts]
    assert [len(path.name) for path in fresh] == [64]
    assert incoming(strict) == []


def test_the_same_content_is_one_document(strict: RunningServer) -> None:
    (first,) = strict.upload({"one.txt": b"the same content"})
    (second,) = strict.upload({"two.txt": b"the same content"})
    assert not first["duplicate"]
    assert second["duplicate"]
    assert second["document_id"] == first["document_id"]
    strict.collection("elsewhere")
    (third,) = strict.upload({"one.txt": b"the same content"}, "elsewhere")
    assert not third["duplicate"]
    assert third["document_id"] != first["document_id"]


def test_many_uploads_of_the_same_content_at_once(strict: RunningServer) -> None:
    def send(n: int) -> dict[str, Any]:
        return strict.upload({f"parallel {n}.txt": b"parallel content"})[0]

    with ThreadPoolExecutor(16) as pool:
        items = list(pool.map(send, range(16)))
    assert len({item["document_id"] for item in items}) == 1
    assert sum(not item["duplicate"] for item in items) == 1
    assert incoming(strict) == []


def test_a_collection_by_name_and_by_id(strict: RunningServer) -> None:
    made = strict.collection("by reference")
    for n, ref in enumerate(("by reference", str(made["id"]))):
        (item,) = strict.upload({"x.txt": f"reference {n}".encode()}, ref)
        shown = strict.http.get(f"/api/v1/documents/{item['document_id']}").json()
        assert shown["collection_id"] == made["id"]


def test_an_unknown_collection(strict: RunningServer) -> None:
    parts = [file_part("x.txt", b"x"), ('form-data; name="collection"', b"nowhere")]
    response = posted(strict, form(*parts))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert incoming(strict) == []


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"", "empty_file", 422),
        (b"MZ\x90\0\3\0\0\0 a program", "unsupported_format", 415),
        (b"PK\3\4 not really a zip", "damaged_file", 422),
    ],
)
def test_content_that_is_no_document(
    strict: RunningServer, content: bytes, code: str, status: int
) -> None:
    (item,) = strict.upload({"report.pdf": content})
    assert (item["error"]["code"], item["error"]["status"]) == (code, status)
    assert item["document_id"] is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        form(file_part("x.txt", b"breaks off"), end=False),
        form(("form-data", b"without a name")),
        form(("attachment", b"something else")),
        form(('form-data; name="collection"', b"x" * 2_000)),
        f"--{BOUNDARY}\r\n".encode() + b"X: y\r\n" * 100 + b"\r\n",
        f"--{BOUNDARY}\r\nX: ".encode() + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
def test_malformed_forms(strict: RunningServer, body: bytes) -> None:
    response = posted(strict, body)
    assert (response.status_code, response.json()["code"]) == (400, "upload_malformed")
    assert incoming(strict) == []


@pytest.mark.parametrize(
    "body", [form(), form(('form-data; name="other"', b"1"), file_part("x.txt", b"x"))]
)
def test_forms_without_a_file_or_with_an_unknown_field(strict: RunningServer, body: bytes) -> None:
    response = posted(strict, body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 500],
)
def test_other_kinds_of_bodies(strict: RunningServer, kind: str) -> None:
    headers = {"Content-Type": kind}
    response = strict.http.post("/api/v1/documents", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "upload_malformed")


def test_a_body_without_a_length(strict: RunningServer) -> None:
    body = form(file_part("chunked.txt", b"d" * (LIMIT + 1)), file_part("ok.txt", b"chunked ok"))
    pieces = [body[start : start + 500] for start in range(0, len(body), 500)]
    chunked = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces]
    answer = spoken(strict, head(strict, "Transfer-Encoding: chunked"), *chunked, b"0\r\n\r\n")
    assert b" 202 " in answer.split(b"\r\n")[0]
    assert b"too_large" in answer
    assert incoming(strict) == []


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "5, 6"])
def test_lengths_that_cannot_be(strict: RunningServer, length: str) -> None:
    body = form(file_part("x.txt", b"x"))
    answer = spoken(strict, head(strict, f"Content-Length: {length}"), body)
    assert answer == b"" or b" 400 " in answer.split(b"\r\n")[0]
    assert incoming(strict) == []


def test_a_length_that_promises_more_than_comes(strict: RunningServer) -> None:
    body = form(file_part("x.txt", b"promised"), end=False)
    broken_off(strict, head(strict, f"Content-Length: {len(body) + 100}"), body)
    deadline = time.monotonic() + 5
    while incoming(strict) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert incoming(strict) == []
    assert strict.http.get("/healthz").status_code == 200


def test_a_length_that_promises_less_than_comes(strict: RunningServer) -> None:
    body = form(file_part("x.txt", b"less than promised"))
    answer = spoken(strict, head(strict, "Content-Length: 50"), body)
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert incoming(strict) == []


def test_a_full_disk(server: ServerFactory) -> None:
    running = server(WORKERS="0", MIN_FREE_BYTES="900TiB")
    (item,) = running.upload({"x.txt": b"no room for this"})
    assert (item["error"]["code"], item["error"]["status"]) == ("disk_full", 507)
    assert incoming(running) == []
