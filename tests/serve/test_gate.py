from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI, Request

from serve.gate import Gate

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory


@pytest.fixture(scope="module")
def idle(module_server: ServerFactory) -> RunningServer:
    """A server that takes nothing in."""
    return module_server(WORKERS="0")


def check_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == status
    assert told["code"] == code
    assert told["type"] == "about:blank"
    assert told["title"]
    assert told["detail"]
    assert told["instance"] == response.request.url.path
    assert told["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text


def test_unknown_paths(idle: RunningServer) -> None:
    for path in ("/docs", "/redoc", "/api/v1/nothing", "/api/v1/documents/", "/../etc/passwd"):
        check_problem(idle.http.get(path, follow_redirects=False), 404, "not_found")


def test_wrong_methods(idle: RunningServer) -> None:
    response = idle.http.put("/api/v1/documents")
    check_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]
    check_problem(idle.http.get("/api/v1/search"), 405, "method_not_allowed")


def test_bodies_that_are_no_json(idle: RunningServer) -> None:
    for content in (b"", b"{", b"\xff\xfe", b'{"query": NaN}', b"[" * 100_000):
        response = idle.http.post(
            "/api/v1/search", content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code in (400, 422), response.text
        check_problem(response, response.status_code, response.json()["code"])


def test_a_body_of_another_kind(idle: RunningServer) -> None:
    response = idle.http.post("/api/v1/search", content=b'{"query": "x"}')
    check_problem(response, 422, "invalid_request")


def test_a_body_that_is_too_large(idle: RunningServer) -> None:
    body = {"query": "x" * (1 << 20)}
    check_problem(idle.http.post("/api/v1/search", json=body), 413, "too_large")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", ""])
def test_other_names_are_not_answered(idle: RunningServer, host: str) -> None:
    response = idle.http.get("/healthz", headers={"Host": host})
    check_problem(response, 400, "host_not_allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"])
def test_loopback_names_are_answered(idle: RunningServer, host: str) -> None:
    assert idle.http.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:1"},
    ],
)  # fmt: skip
def test_pages_of_other_sites_change_nothing(idle: RunningServer, headers: dict[str, str]) -> None:
    response = idle.http.post(
        "/api/v1/documents", files={"file": ("x.txt", b"planted")}, headers=headers
    )
    check_problem(response, 403, "origin_not_allowed")


def test_our_own_pages_may(idle: RunningServer) -> None:
    headers = {"Origin": idle.url, "Sec-Fetch-Site": "same-origin"}
    response = idle.http.post("/api/v1/collections", json={"name": "own"}, headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/collections", "/nothing", "/openapi.json"])
def test_every_answer_has_safe_headers(idle: RunningServer, path: str) -> None:
    headers = idle.http.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-request-id"]
    assert "server" not in headers


def test_the_schema_lists_every_route(idle: RunningServer) -> None:
    schema = idle.http.get("/openapi.json").json()
    for path in ("/healthz", "/api/v1/documents", "/api/v1/jobs/events", "/api/v1/chat"):
        assert path in schema["paths"]


def test_status(idle: RunningServer) -> None:
    status = idle.http.get("/api/v1/status").json()
    assert status["pid"] == idle.process.pid
    assert status["data_folder"] == str(idle.data)
    assert status["workers"] == 0
    assert status["sqlite_version"]


def test_what_nobody_expected_is_told_without_its_insides() -> None:
    app = FastAPI()

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret insides")

    app.add_middleware(Gate)

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/broken")

    response = asyncio.run(asked())
    check_problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_cookies_that_are_none_of_ours_are_not_unquoted() -> None:
    app = FastAPI()

    @app.get("/")
    def cookies(request: Request) -> dict[str, str]:
        return request.cookies

    long = '"' + "\\" * 2_000_000 + '"'
    headers = {"Cookie": f'cloister=cls_1; theirs={long}; other="a b"; {long}'}

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=Gate(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.get("/", headers=headers)

    assert asyncio.run(asked()).json() == {"cloister": "cls_1", "other": "a b"}
