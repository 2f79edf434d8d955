"""The scripted server: what it writes, and the words in which it refuses."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from retrieval.retriever import Retrieval
from serve.answers.citations import Quote, QuoteParser, verified
from serve.answers.llm import Assignment, Source
from serve.answers.prompt import Room, prompt_of
from serve.inference.completion import CompletionRequest
from serve.scripted.gbnf import BadGrammar, Gbnf
from serve.scripted.json_value import least_value
from serve.scripted.replies import Reply, quoting
from serve.scripted.server import ScriptedOptions, ScriptedServer
from serve.scripted.tokens import PrefixCache, prompt_tokens, tokens_of
from tests.conftest import ROOT, cloister_environment
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm

SOURCES = [
    Source(3, "lease.pdf", "4", "Notice is due in writing. The notice period is three months."),
    Source(7, "leave.pdf", "1", "Employees have 25 days of leave < more."),
]


def prompt(question: str, sources: list[Source]) -> dict[str, Any]:
    """The body of a request as it is really made."""
    retrieval = Retrieval(question, "en", covered=True, terms=(), indexed_chunks=0, hits=())
    made = prompt_of(Assignment(question, retrieval, tuple(sources)), Room(8))
    return CompletionRequest(made.messages, "scripted", 50).body()


class TestQuoting:
    @pytest.mark.parametrize(
        ("question", "n"), [("How long is the notice period?", 3), ("Days of leave?", 7)]
    )
    def test_it_quotes_the_nearest_source(self, question: str, n: int) -> None:
        parser = QuoteParser()
        parts = [*parser.feed(quoting(prompt(question, SOURCES)).text), *parser.close()]
        quotes = [part for part in parts if isinstance(part, Quote)]
        assert [quote.source for quote in quotes] == [n]
        assert verified(quotes[0], SOURCES)

    def test_without_sources_it_abstains(self) -> None:
        assert quoting(prompt("How long?", [])).text == "NO_ANSWER"


class TestGbnf:
    GRAMMAR = r"""
    # an answer, or none
    root ::= "NO_ANSWER" | sentence+
    sentence ::= [^<\n]{3,40} quote "\n"?
    quote ::= "<q s=\"" ("3\">The notice " word |
        "7\">\u0045mployees") "</q>"
    word ::= "period" | "\x70eriod is"
    """

    @pytest.mark.parametrize(
        ("text", "allowed"),
        [
            ("NO_ANSWER", True),
            ('It says: <q s="3">The notice period is</q>', True),
            ('One. <q s="7">Employees</q>\nTwo. <q s="3">The notice period</q>', True),
            ('It says: <q s="3">The notice</q>', False),
            ('It <q s="7">Employees</q> and more', False),
            ('It<q s="7">Employees</q>', False),
            ("", False),
        ],
    )
    def test_what_it_allows(self, text: str, allowed: bool) -> None:
        assert Gbnf(self.GRAMMAR).allows(text) == allowed

    @pytest.mark.parametrize(
        "grammar",
        [
            GRAMMAR, 'root ::= "a" root "b" | "c"', 'root ::= ("a" | [0-9]{2})* [^a-zA-Z .] .?',
            'root ::= [\\]\\-^] "\\"\\\\"',
            'root ::= list\nlist ::= item ("," item){2,}\nitem ::= "x"',
        ],
    )  # fmt: skip
    def test_its_own_sentence_is_allowed(self, grammar: str) -> None:
        read = Gbnf(grammar)
        assert read.allows(read.sentence())

    @pytest.mark.parametrize(
        "grammar", ["", "root := x", "root ::= x", 'root ::= ("a"', 'a ::= "a"', 'root ::= "a', "x"]
    )
    def test_what_is_none(self, grammar: str) -> None:
        with pytest.raises(BadGrammar):
            Gbnf(grammar)


def test_the_least_value_of_a_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "q": {"type": "string", "maxLength": 9},
            "kind": {"enum": ["a", "b"]},
            "list": {"type": "array", "items": {"$ref": "#/$defs/one"}, "minItems": 2},
            "any": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "optional": {"type": "string"},
            "sure": {"type": "boolean"},
        },
        "required": ["q", "kind", "list", "any", "sure"],
        "$defs": {"one": {"type": "integer", "minimum": 1}},
    }
    value = {"q": "a questio", "kind": "a", "list": [1, 1], "any": None, "sure": False}
    assert least_value(schema, "a question") == value


def test_tokens_are_the_text() -> None:
    text = " Ünïcode 😀 and\n\n<|eot_id|> more."
    assert "".join(tokens_of(text)) == text
    assert "<|eot_id|>" in tokens_of(text)


def test_a_prefix_is_cached_in_blocks_for_its_kind_alone() -> None:
    cache = PrefixCache(4)
    words = [str(n) for n in range(12)]
    assert cache.cached(words, among=("m", "")) == 0
    assert cache.cached(words, among=("m", "")) == 8
    assert cache.cached([*words[:6], "x", "y", "z"], among=("m", "")) == 4
    assert cache.cached(["x", *words], among=("m", "")) == 0
    assert cache.cached(words, among=("m", "salt")) == 0
    assert cache.cached(words, among=("other", "")) == 0


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm(lambda body: Reply("Three months."), ScriptedOptions(key="k")) as running:
        yield running


@pytest.fixture(scope="module")
def http(llm: ScriptedLlm) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer k"}
    base = llm.url.removesuffix("/v1")
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def question(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "How long?"}], "max_tokens": 9} | fields


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (question(max_tokens=0), 400,
         {"message": "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)",
          "type": "BadRequestError", "param": "max_tokens", "code": 400}),
        (question(model="nope"), 404,
         {"message": "The model `nope` does not exist. Valid aliases: scripted.",
          "type": "NotFoundError", "param": "model", "code": 404}),
        (question(messages=[]), 400,
         {"message": "Cannot apply chat template to an empty conversation. Provide at least one "
          "message.", "type": "BadRequestError", "param": None, "code": 400}),
    ],
)  # fmt: skip
def test_refusals_are_as_recorded(
    http: httpx.Client, body: dict[str, Any], status: int, error: dict[str, Any]
) -> None:
    answer = http.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_other_refusals(http: httpx.Client) -> None:
    answer = http.post("/v1/chat/completions", content=b"{")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "Bad Request")
    answer = http.get("/v1/models", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    answer = http.post("/v1/embeddings", json={})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    assert http.get("/v1/chat/completions").status_code == 405
    two = {"structured_outputs": {"json": {}, "choice": ["a"]}}
    assert http.post("/v1/chat/completions", json=question(**two)).status_code == 400


def test_an_answer_that_does_not_stream(http: httpx.Client) -> None:
    answer = http.post("/v1/chat/completions", json=question()).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "Three months."
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == len(tokens_of("Three months."))
    prompted = question()["messages"]
    assert answer["usage"]["prompt_tokens"] == len(prompt_tokens(prompted))


def test_constraints_hold(http: httpx.Client) -> None:
    def text_of(**fields: Any) -> str:
        answer = http.post("/v1/chat/completions", json=question(max_tokens=50, **fields)).json()
        text: str = answer["choices"][0]["message"]["content"]
        return text

    assert text_of(structured_outputs={"choice": ["yes", "no"]}) == "yes"
    assert text_of(structured_outputs={"grammar": 'root ::= "x"'}) == "x"
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    assert text_of(structured_outputs={"json": schema}) == '{"q":"How long?"}'
    assert text_of(guided_choice=["yes", "no"]) == "Three months."


def test_a_stream_is_as_recorded(http: httpx.Client) -> None:
    body = question(stream=True, stream_options={"include_usage": True})
    answer = http.post("/v1/chat/completions", json=body, headers={"X-Request-Id": "abc"})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = answer.text.split("\n\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    assert '"id":"chatcmpl-abc"' in frames[0]
    assert '"delta":{"role":"assistant","content":""}' in frames[0]
    assert '"finish_reason":"stop"' in frames[-4]
    assert '"choices":[],"usage":{' in frames[-3]


def test_the_command_serves_until_it_is_stopped() -> None:
    command = [sys.executable, "-m", "serve", "llm", "scripted", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=cloister_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            answer = httpx.get(f"{url}/models", trust_env=False, timeout=60).json()
        finally:
            process.send_signal(signal.SIGINT)
        assert answer["data"][0]["id"] == "scripted"
        assert process.wait(30) == 130


@pytest.mark.parametrize("turns", range(5))
def test_a_stop_closes_every_connection_however_new(turns: int) -> None:
    async def stop() -> bytes:
        server = ScriptedServer()
        await server.start()
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.setblocking(False)
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.stop()
            try:
                async with asyncio.timeout(10):
                    return await loop.sock_recv(client, 1)
            except ConnectionResetError:
                return b""

    assert asyncio.run(stop()) == b""
