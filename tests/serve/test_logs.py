"""Nothing that anybody wrote, named or keeps secret comes into a log."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from retrieval.logs import JsonLines, TextLines
from serve.scripted.replies import Reply, quoting
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

CANARY = re.compile("canary", re.IGNORECASE)
LINE = re.compile(r"(\S+) (INFO|DEBUG|WARNING|ERROR) serve\.gate: (\S+) (.+)")


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


def asked(http: httpx.Client, question: str, **more: Any) -> None:
    with http.stream("POST", "/api/v1/chat", json={"question": question, **more}) as response:
        response.read()


def use_everything(server: RunningServer, llm: ScriptedLlm) -> None:
    """Canaries in every place where a client, a document or a setting may put words."""
    http = server.http
    http.post("/api/v1/collections", json={"name": "canary collection"})
    http.post("/api/v1/collections", json={"name": "canary collection"})
    server.ingest({"canary.txt": b"The canary sings 217 songs. A canary is yellow."})
    server.ingest({"canary.html": b"<title>Canary title</title><p>Canary words.</p>"})
    for name, content in (
        ("canary.pdf", b"%PDF-1.7\ncanary canary"),
        ("canary.docx", b"PK\x03\x04canary"),
        ("canary.eml", b"Subject: canary\xff\nContent-Type: multipart/x; boundary=canary\n\n"),
        ("canary.exe", b"MZ\x90\0 canary"),
        ("canary-empty.txt", b""),
    ):
        for item in server.upload({name: content}):
            if item["job_id"]:
                server.ended(item["job_id"])
    conversation = http.post("/api/v1/conversations", json={"title": "canary"}).json()["id"]
    turns = f"/api/v1/conversations/{conversation}/turns"
    scripts: list[Callable[[dict[str, Any]], Reply]] = [
        quoting,
        lambda body: Reply("canary " * 20, fault="cut", after=3),
        lambda body: Reply("canary " * 20, fault="error", after=3),
        lambda body: Reply("canary " * 20, fault="garbage", after=3),
        lambda body: Reply("canary", fault="failure"),
        lambda body: Reply('canary <q s="1">canary canary</q>'),
    ]
    for script in scripts:
        llm.server.script = script
        asked(http, "How many songs does the canary sing?", trace=True)
        with http.stream("POST", turns, json={"question": "And a canary?"}) as response:
            response.read()
    llm.server.script = quoting
    http.post("/api/v1/search", json={"query": "canary"})
    http.post("/api/v1/search", json={"query": "canary", "collections": ["canary nowhere"]})
    http.post("/api/v1/search", json={"canary": "canary"})
    http.post("/api/v1/search", json={"query": "canary " * 2_000})
    http.post("/api/v1/search", json={"query": "canary \ud800".encode("utf-8", "replace").decode()})
    send_nonsense(server)


def send_nonsense(server: RunningServer) -> None:
    http = server.http
    for path in (
        "/canary",
        "/api/v1/documents/canary",
        "/api/v1/conversations?q=canary&cursor=canary",
    ):
        http.get(path, headers={"Authorization": "Bearer canary", "Cookie": "canary=canary"})
    json_type = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    for path in ("/api/v1/search", "/api/v1/chat", "/mcp", "/v1/chat/completions"):
        for content in (
            b"{canary",
            b'"canary"',
            b'{"question": canary}',
            b"\xffcanary",
            b"[" * 9_999,
        ):
            http.post(path, content=content, headers=json_type)
    for name in ("search", "ask", "fetch", "canary"):
        arguments = {"query": "canary", "question": "canary", "id": "canary"}
        for chosen in ({}, {"canary": "canary"}, arguments):
            message = {
                "jsonrpc": "2.0", "id": "canary", "method": "tools/call",
                "params": {"name": name, "arguments": chosen},
            }  # fmt: skip
            http.post("/mcp", json=message, headers=json_type)
    http.post("/mcp", json={"jsonrpc": "2.0", "method": "canary"}, headers=json_type)
    form = {"Content-Type": "multipart/form-data; boundary=canary"}
    for body in (b"canary", b"--canary\r\nContent-Disposition: form-data; name=canary\r\n\r\nx"):
        http.post("/api/v1/documents", content=body, headers=form)
    http.get("/healthz", headers={"Host": "canary.example"})
    http.post("/api/v1/search", json={}, headers={"Origin": "https://canary.example"})


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_word_of_anybody_reaches_the_log(
    server: ServerFactory, llm: ScriptedLlm, form: str
) -> None:
    running = server(
        LLM_URL=llm.url, LLM_KEY="canary-key", LOG_LEVEL="debug", LOG_FORMAT=form,
        DATABASE_URL="", LLM_IDLE_SECONDS="5",
    )  # fmt: skip
    until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"], patience=30)
    use_everything(running, llm)
    running.stop()
    log = running.log.read_text()
    assert "/api/v1/chat" in log
    assert "empty_file" in log or "damaged_file" in log
    assert CANARY.findall(log) == [], [line for line in log.splitlines() if CANARY.search(line)]
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


def test_a_line_for_each_request(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    running.http.get("/healthz", headers={"X-Request-Id": "first"})
    running.http.get("/api/v1/documents/7", headers={"X-Request-Id": "second"})
    running.http.get("/elsewhere", headers={"X-Request-Id": "third"})
    running.stop()
    seen = [LINE.match(line) for line in running.log.read_text().splitlines()]
    lines = {match[3]: re.sub(r"[\d.]+ s$", "s", match[4]) for match in seen if match}
    assert lines == {
        "first": "GET /healthz -> 200 in s",
        "second": "GET /api/v1/documents/{document_id} -> 404 in s",
        "third": "GET (none) -> 404 in s",
    }


def test_the_same_line_as_json(server: ServerFactory) -> None:
    running = server(WORKERS="0", LOG_FORMAT="json")
    running.http.get("/api/v1/documents/7", headers={"X-Request-Id": "only"})
    running.stop()
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "only"]
    assert (line["level"], line["logger"]) == ("info", "serve.gate")
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "/api/v1/documents/{document_id}"
    assert line["seconds"] >= 0


def test_warnings_alone_hold_no_requests(server: ServerFactory) -> None:
    running = server(WORKERS="0", LOG_LEVEL="warning")
    running.http.get("/healthz")
    running.stop()
    assert "healthz" not in running.log.read_text()


def record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    try:
        try:
            int("canary")
        except ValueError as error:
            raise KeyError("canary") from error
    except KeyError as error:
        trouble = (KeyError, error, error.__traceback__)
    return logging.LogRecord(name, logging.ERROR, "x.py", 7, message, arguments, trouble)


@pytest.mark.parametrize("formatter", [TextLines(), JsonLines()])
def test_an_exception_is_its_type_and_its_place(formatter: logging.Formatter) -> None:
    text = formatter.format(record("serve.gate", "it failed"))
    assert "it failed" in text
    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "test_logs.py" in text
    assert not CANARY.search(text)


@pytest.mark.parametrize("formatter", [TextLines(), JsonLines()])
def test_of_a_library_only_what_its_authors_wrote(formatter: logging.Formatter) -> None:
    text = formatter.format(record("mcp.server", "dropped %r", "canary"))
    assert "dropped %r" in text
    assert not CANARY.search(text)
    assert not CANARY.search(formatter.format(record("mcp.server", "dropped canary")))
