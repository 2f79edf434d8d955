"""MCP by the official SDK's client, over HTTP and over stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import CallToolResult, TextContent
from starlette.types import Message

from serve.mcp_door.door import mcp_door
from serve.mcp_door.tools import PART_CHARACTERS
from serve.scripted.replies import Reply, quoting
from tests.conftest import ROOT, cloister_environment
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import AT_ONCE, until

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

LIGHTHOUSE = "The lighthouse keeper climbs 217 steps every evening. The lamp was made in Paris."
BRIDGE = "The suspension bridge is 152 metres long and was opened in 1847."
QUESTION = "How many steps does the lighthouse keeper climb?"
SECONDS = 20.0

Way = Callable[["RunningServer"], Any]


@asynccontextmanager
async def over_http(server: RunningServer) -> AsyncIterator[Any]:
    headers = dict(server.http.headers.items())
    own = {"Authorization": headers["authorization"]}
    async with (
        create_mcp_http_client(headers=own) as http,
        streamable_http_client(f"{server.url}/mcp", http_client=http) as streams,
    ):
        yield streams


def over_stdio(server: RunningServer) -> StdioServerParameters:
    return stdio(server.data)


def stdio(data: Path, **settings: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "serve", "--data", str(data), "mcp"],
        cwd=str(ROOT),
        env=cloister_environment(**settings),
    )


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url, LOG_LEVEL="debug")
    server.collection("bridges")
    server.ingest({"lighthouse.txt": LIGHTHOUSE.encode()})
    server.ingest({"bridge.txt": BRIDGE.encode()}, collection="bridges")
    until(lambda: server.http.get("/api/v1/status").json()["llm"]["writes"])
    return server


@pytest.fixture(autouse=True)
def quoting_again(llm: ScriptedLlm) -> Iterator[None]:
    yield
    llm.server.script = quoting


def with_client(
    where: Any, do: Callable[[Client], Awaitable[Any]], mode: Literal["auto", "legacy"] = "auto"
) -> Any:
    async def run() -> Any:
        async with Client(where, mode=mode) as client:
            return await do(client)

    return asyncio.run(run())


def call(where: Any, tool: str, **arguments: Any) -> CallToolResult:
    result = with_client(where, lambda client: client.call_tool(tool, arguments))
    assert isinstance(result, CallToolResult)
    return result


def given(where: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    result = call(where, tool, **arguments)
    assert not result.is_error, result.content
    structured: dict[str, Any] = result.structured_content
    return structured


def refused(where: Any, tool: str, **arguments: Any) -> str:
    result = call(where, tool, **arguments)
    assert result.is_error
    assert result.structured_content is None
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


both_ways = pytest.mark.parametrize("way", [over_http, over_stdio])


@pytest.mark.parametrize(
    ("way", "mode"), [(over_http, "auto"), (over_http, "legacy"), (over_stdio, "legacy")]
)
def test_the_tools_are_listed(
    site: RunningServer, way: Way, mode: Literal["auto", "legacy"]
) -> None:
    listed = with_client(way(site), lambda client: client.list_tools(), mode)
    assert [tool.name for tool in listed.tools] == ["search", "fetch", "ask"]
    for tool in listed.tools:
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema["type"] == "object"
        assert tool.annotations.read_only_hint is True


@both_ways
def test_from_a_search_to_the_text(site: RunningServer, way: Way) -> None:
    async def read(client: Client) -> Any:
        found = await client.call_tool("search", {"query": "lighthouse keeper", "k": 1})
        (hit,) = found.structured_content["results"]
        return hit, (await client.call_tool("fetch", {"id": hit["id"]})).structured_content

    hit, fetched = with_client(way(site), read)
    assert hit["title"] == "lighthouse.txt"
    assert hit["text"] in LIGHTHOUSE
    assert fetched["text"] == LIGHTHOUSE
    assert (fetched["part"], fetched["part_count"]) == (1, 1)
    assert fetched["metadata"]["name"] == "lighthouse.txt"
    passage = fetched["passage"]
    assert fetched["text"][passage["start"] : passage["end"]] == passage["text"] == hit["text"]
    document = given(way(site), "fetch", id=hit["document_id"])
    assert (document["text"], document["passage"]) == (LIGHTHOUSE, None)
    assert document["url"] == f"/d/{hit['document_id']}"
    place = f"page=1&c={hit['id'].split('-')[1]}&s={passage['start']}-{passage['end']}"
    assert hit["url"] == f"{document['url']}#{place}"


@both_ways
def test_an_answer_with_its_quotes(site: RunningServer, way: Way) -> None:
    answer = given(way(site), "ask", question=QUESTION)
    assert answer["answer"] == "It says so here: [1]."
    assert (answer["abstained"], answer["grounded"], answer["degraded"]) == (False, True, None)
    (citation,) = answer["citations"]
    assert citation["quote"].startswith("The lighthouse keeper climbs 217 steps")
    assert given(way(site), "fetch", id=citation["id"])["title"] == "lighthouse.txt"


def test_only_one_collection(site: RunningServer) -> None:
    found = given(over_http(site), "search", query="lighthouse", collection="bridges")
    assert {hit["title"] for hit in found["results"]} <= {"bridge.txt"}
    assert refused(over_http(site), "ask", question=QUESTION, collection="nowhere")


@both_ways
def test_what_cannot_be_is_told_to_the_assistant(site: RunningServer, way: Way) -> None:
    async def all_of(client: Client) -> list[CallToolResult]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("fetch", {"id": "999"}), ("fetch", {"id": "1-999"}), ("fetch", {"id": "../1"}),
            ("fetch", {"id": "9" * 19}), ("fetch", {"id": "1", "part": 2}),
            ("search", {"query": "word " * 1_000}), ("search", {"query": " "}), ("search", {}),
            ("search", {"query": "x", "k": 101}), ("ask", {"question": "x", "secrets": True}),
        ]  # fmt: skip
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    results = with_client(way(site), all_of)
    assert all(result.is_error for result in results)
    told = [result.content[0].text for result in results]
    assert set(told[:4]) == {"There is no document and no passage with this id."}
    assert told[4] == "part: the text has 1."
    assert "at most 4000 characters" in told[5]
    assert "word word" not in told[5]
    assert told[7] == "query: Field required"


def test_an_unknown_tool(site: RunningServer) -> None:
    async def misled(client: Client) -> None:
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("delete_everything", {})

    with_client(over_http(site), misled)


def test_a_long_text_comes_in_parts(site: RunningServer) -> None:
    sentences = " ".join(f"Tide number {n} rose by {n} inches." for n in range(2_000))
    (document_id,) = site.ingest({"tides.txt": sentences.encode()})
    first = given(over_http(site), "fetch", id=str(document_id))
    assert len(first["text"]) == PART_CHARACTERS
    parts = [
        given(over_http(site), "fetch", id=str(document_id), part=n + 1)["text"]
        for n in range(first["part_count"])
    ]
    whole = site.http.get(f"/api/v1/documents/{document_id}/text").text
    assert "".join(parts) == whole
    assert len(parts) > 2
    hit = given(over_http(site), "search", query="Tide number 1999 rose", k=1)["results"][0]
    around = given(over_http(site), "fetch", id=hit["id"])
    place = around["passage"]
    assert whole[place["start"] : place["end"]] == place["text"] == hit["text"]
    assert around["part"] == place["start"] // PART_CHARACTERS + 1 > 1


@pytest.mark.parametrize(
    ("way", "mode"), [(over_http, "auto"), (over_stdio, "auto"), (over_stdio, "legacy")]
)
def test_a_question_that_is_given_up_stops_the_model(
    site: RunningServer, llm: ScriptedLlm, way: Way, mode: Literal["auto", "legacy"]
) -> None:
    llm.server.script = dawdling

    async def give_up(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask", {"question": QUESTION}))
        await becomes(lambda: llm.server.running == 1)
        asking.cancel()
        await asyncio.wait([asking])
        await becomes(lambda: llm.server.running == 0)
        llm.server.script = quoting
        again = await client.call_tool("ask", {"question": QUESTION})
        assert not again.is_error

    with_client(way(site), give_up, mode)


@pytest.mark.parametrize("way", [over_http, over_stdio])
def test_a_client_that_goes_stops_the_model(
    site: RunningServer, llm: ScriptedLlm, way: Way
) -> None:
    llm.server.script = dawdling

    async def go(client: Client) -> None:
        asking = asyncio.create_task(client.call_tool("ask", {"question": QUESTION}))
        await becomes(lambda: llm.server.running == 1)
        asking.cancel()

    with_client(way(site), go, "legacy")
    until(lambda: llm.server.running == 0, AT_ONCE)


def dawdling(body: dict[str, Any]) -> Reply:
    """An answer that takes minutes."""
    if "<src" in str(body):
        return Reply("word " * 10_000, token_seconds=1.0)
    return quoting(body)


async def becomes(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_a_tool_that_the_model_fails_says_so(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: (
        Reply("word " * 50, fault="cut", after=5) if "<src" in str(body) else quoting(body)
    )
    assert "broke off" in refused(over_http(site), "ask", question=QUESTION)


def test_without_a_server_the_data_folder_is_used(server: ServerFactory, tmp_path: Path) -> None:
    running = server(tmp_path / "own")
    running.ingest({"lighthouse.txt": LIGHTHOUSE.encode()})
    running.stop()
    answer = given(stdio(tmp_path / "own"), "ask", question=QUESTION)
    assert "217" in answer["answer"]
    assert answer["citations"]


def test_other_methods_and_other_sites(site: RunningServer) -> None:
    assert site.http.get("/mcp").status_code == 405
    assert site.http.delete("/mcp").status_code == 405
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    foreign = site.http.post("/mcp", json=message, headers={"Origin": "https://evil.example"})
    assert foreign.json()["code"] == "origin_not_allowed"
    renamed = site.http.post("/mcp", json=message, headers={"Host": "evil.example"})
    assert renamed.json()["code"] == "host_not_allowed"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"zeppelin"', b"[" * 100_000, b"\xff"])
def test_what_is_no_message(site: RunningServer, content: bytes) -> None:
    for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}):
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **version,
        }
        response = site.http.post("/mcp", content=content, headers=headers)
        assert response.status_code == 400, response.text
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_public_name_is_answered(server: ServerFactory) -> None:
    running = server(PUBLIC_HOST="cloister.example.org")
    headers = {
        "Host": "cloister.example.org",
        "Accept": "application/json, text/event-stream",
    }
    message = {
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "anything"}},
    }  # fmt: skip
    response = running.http.post("/mcp", json=message, headers=headers)
    assert response.status_code == 200, response.text
    assert '"isError":false' in response.text


def test_the_door_opens_again_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no file could be opened while it was loaded."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/mcp", "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"accept", b"application/json")],
    }  # fmt: skip

    async def main() -> None:
        async with mcp_door("1.0") as door:
            with monkeypatch.context() as broken:
                broken.setitem(sys.modules, "serve.mcp_door.server", None)
                with pytest.raises(ImportError):
                    await door.handle(dict(scope), receive, send)
            await door.handle(dict(scope), receive, send)

    asyncio.run(main())
    assert len(statuses) == 1
