"""The addresses of the browser's part: open to all, typed, cached as they should be, and closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import ui_build
from serve.web import POLICY, WORKER_POLICY, built_file, is_web_path
from tests.conftest import RunningServer

PAGES = (
    "/", "/c/7", "/d/7", "/documents", "/settings", "/admin", "/admin/people/3", "/login",
    "/sign-in", "/welcome",
)  # fmt: skip
CLOSED = (
    "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/..%2f..%2f..%2fweb.py",
    "/assets/.made-of", "/.made-of", "/assets/", "/assets//index.html", "/ui/package.json",
    "/c/x", "/c/7/8", "/nope", "/api", "/api/v1/nope", "/docs", "/metrics",
    "/admin/../api/v1/people",
)  # fmt: skip


@pytest.fixture(scope="module")
def stranger(shared_server: RunningServer) -> Iterator[httpx.Client]:
    ui_build.build()
    with httpx.Client(base_url=shared_server.url, timeout=20, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_the_one_page(stranger: httpx.Client, path: str) -> None:
    reply = stranger.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["content-security-policy"] == POLICY
    assert reply.headers["cache-control"] == "no-cache"
    assert '<div id="root">' in reply.text


def test_assets_have_their_types_and_are_kept_for_ever(stranger: httpx.Client) -> None:
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', stranger.get("/").text)
    wasm = next((ui_build.DIST / "assets").glob("pdfjs-*/wasm/*.wasm"))
    address = "/" + wasm.relative_to(ui_build.DIST).as_posix()
    for path, kind in ((script, "text/javascript"), (address, "application/wasm")):
        reply = stranger.get(path)
        assert reply.status_code == 200
        assert reply.headers["content-type"].partition(";")[0] == kind
        assert "immutable" in reply.headers["cache-control"]
        assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("taken", "coding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("gzip;q=0", None), ("identity", None)],
)
def test_scripts_are_sent_gzipped_to_who_takes_that(
    stranger: httpx.Client, taken: str, coding: str | None
) -> None:
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', stranger.get("/").text)
    reply = stranger.get(script, headers={"Accept-Encoding": taken})
    assert reply.headers.get("content-encoding") == coding
    assert reply.headers["vary"] == "Accept-Encoding"
    assert reply.headers["content-type"].startswith("text/javascript")
    assert reply.content == (ui_build.DIST / script[1:]).read_bytes()


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_open(stranger: httpx.Client, path: str) -> None:
    url = stranger.base_url.copy_with(raw_path=path.encode())
    assert stranger.get(url).status_code in (401, 404)


def test_an_asset_that_is_not_there_is_the_problem_of_all(
    stranger: httpx.Client, shared_server: RunningServer
) -> None:
    replies = [stranger.get("/assets/none.js"), shared_server.http.get("/api/v1/nope")]
    for reply in replies:
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["code"] == "not_found"


def test_only_plain_names_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.js").write_text("")
    (tmp_path / "secret").write_text("")
    assert built_file("/assets/a.js", tmp_path) == tmp_path / "assets" / "a.js"
    for path in ("/secret", "/assets/../secret", "/assets", "/assets/b.js", "/assets/a.js\n"):
        assert built_file(path, tmp_path) is None, path
    assert not is_web_path("/documents\n")
    assert not is_web_path("/c/7\n")


def test_a_worker_may_fetch_from_here_and_nothing_else(stranger: httpx.Client) -> None:
    (worker,) = (ui_build.DIST / "assets").glob("pdf.worker*.mjs")
    reply = stranger.get(f"/assets/{worker.name}")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert reply.headers["content-security-policy"] == WORKER_POLICY
    assert "connect-src 'self'" in WORKER_POLICY
    assert "unsafe-eval" not in WORKER_POLICY.replace("'wasm-unsafe-eval'", "")
