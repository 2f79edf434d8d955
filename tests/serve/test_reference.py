"""The OpenAPI document is whole and true, and its page needs nothing and nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

ENDLESS = "/api/v1/jobs/events"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"


@pytest.fixture(scope="module")
def site(module_server: ServerFactory) -> RunningServer:
    server = module_server()
    server.ingest({"lighthouse.txt": b"The lighthouse keeper climbs 217 steps every evening."})
    return server


@pytest.fixture(scope="module")
def document(site: RunningServer) -> dict[str, Any]:
    found: dict[str, Any] = site.http.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_tells_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["description"], where
        assert operation["tags"], where
        assert {"400", "401", "403", "422", "429", "500", "503"} <= operation["responses"].keys()
        if "{" in path:
            assert "404" in operation["responses"], where
        for status, told in operation["responses"].items():
            if status >= "4":
                kinds = told["content"].keys()
                wanted = (
                    "application/json" if path.startswith("/v1/") else "application/problem+json"
                )
                assert wanted in kinds, where


def test_every_operation_tells_what_it_wants_of_a_caller(
    site: RunningServer, document: dict[str, Any]
) -> None:
    assert document["components"]["securitySchemes"].keys() == {"key", "session", "csrf"}
    with httpx.Client(base_url=site.url, trust_env=False, timeout=60) as nobody:
        for method, path, operation in operations(document):
            status = nobody.request(method, re.sub(r"{\w+}", "1", path)).status_code
            is_closed = operation["security"] != []
            assert (status == 401) == is_closed or path.endswith("/callback"), f"{method} {path}"
            wanted = {"session"} if method == "get" else {"session", "csrf"}
            if is_closed:
                assert [set(each) for each in operation["security"]] == [{"key"}, wanted]


def test_the_main_bodies_have_examples(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("SearchBody", "ChatBody", "CollectionBody", "TurnBody", "FeedbackBody", "Problem"):
        assert schemas[name]["examples"], name
    assert "HTTPValidationError" not in schemas


def test_examples_work(site: RunningServer, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    made = site.http.post("/api/v1/collections", json=schemas["CollectionBody"]["examples"][0])
    assert made.status_code == 201
    for path, name in (("search", "SearchBody"), ("chat", "ChatBody")):
        body = schemas[name]["examples"][0]
        assert site.http.post(f"/api/v1/{path}", json=body).status_code == 200


class Page(HTMLParser):
    """What a page is made of, and where it points."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"href", "src", "action"}:
                self.addresses.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)


def test_the_page_has_all_and_needs_nobody(site: RunningServer, document: dict[str, Any]) -> None:
    response = site.http.get("/reference")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    page = Page()
    page.feed(response.text)
    assert not page.tags & {"script", "img", "link", "iframe", "object", "form"}
    assert page.handlers == []
    for address in page.addresses:
        assert address == "/openapi.json" or address.removeprefix("#") in page.ids
    assert not re.search(r"https?://", response.text)
    for method, path, _ in operations(document):
        assert f"{method.upper()} {path}" in response.text


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_server_keeps_to_its_document(site: RunningServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{site.url}/openapi.json",
            "--header", f"Authorization: {site.http.headers['Authorization']}",
            "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "10",
            "--exclude-path", ENDLESS, "--generation-database", "none", "--no-color",
            "--warnings", "off", "--suppress-health-check", "all", "--continue-on-failure",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr
    assert "No issues found" in done.stdout
    site.http.get("/healthz").raise_for_status()
