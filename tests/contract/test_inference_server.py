"""What the client counts on, of the scripted server and of a real vLLM with a toy Llama.

``make test-vllm`` runs the second; a model of noise is held to a grammar where text matters.
The tests that end the server come last.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import httpx
import pytest

from serve.errors import LLMBusy, LLMInterrupted, LLMRefused, LLMUnavailable, PromptTooLong
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.completion import (
    Completed,
    CompletionRequest,
    Constraint,
    Grammar,
    JsonSchema,
    Message,
)
from serve.inference.probe import probe
from serve.inference.watch import Rhythm, Watched
from serve.scripted.replies import Reply
from serve.scripted.server import ScriptedOptions
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.vllm_server import (
    ADAPTER,
    ADMITTED,
    CONTEXT,
    KEY,
    MODEL,
    SEQUENCES,
    START_SECONDS,
    VllmServer,
    vllm_python,
    vllm_server,
)
from tests.fixtures.waiting import AT_ONCE

T = TypeVar("T")
ENDLESS = Grammar("root ::= [a-z ]{7000}")
MUCH = 1_000
"""Fewer tokens than ENDLESS comes to, and more than are written before a client goes."""


class Subject(Protocol):
    """A server under test; ``url`` stays the same when it is started again.

    ``at_once`` is in how many seconds it stops writing for someone who has gone.
    """

    at_once: float

    @property
    def url(self) -> str: ...

    def start(self) -> None: ...

    def kill_engine(self) -> None: ...

    def terminate(self) -> None: ...


class ScriptedSubject:
    at_once = AT_ONCE

    def __init__(self, llm: ScriptedLlm) -> None:
        self.url = llm.url
        self.start = llm.start
        self._llm = llm

    def kill_engine(self) -> None:
        self._llm.end("error")

    def terminate(self) -> None:
        self._llm.end("abort")


class VllmSubject:
    # A processor works on a step of the model for a while.
    at_once = 5.0

    def __init__(self, server: VllmServer) -> None:
        self.url = server.url
        self._server = server

    def start(self) -> None:
        self._server.stop()
        self._server.start()

    def kill_engine(self) -> None:
        self._server.kill_engine()

    def terminate(self) -> None:
        self._server.signal(signal.SIGTERM)


def _paced(body: dict[str, Any]) -> Reply:
    return Reply("The notice period is three months.", token_seconds=0.01)


@pytest.fixture(scope="module", params=["scripted", pytest.param("vllm", marks=pytest.mark.vllm)])
def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    if request.param == "scripted":
        options = ScriptedOptions((MODEL,), (ADAPTER,), CONTEXT, KEY, SEQUENCES, ADMITTED)
        with scripted_llm(_paced, options) as llm:
            yield ScriptedSubject(llm)
        return
    python = vllm_python()
    if python is None:
        asked_for = request.config.getoption("-m") == "vllm"
        (pytest.fail if asked_for else pytest.skip)("vLLM is not installed: make test-vllm")
    server = vllm_server(python, tmp_path_factory.mktemp("vllm"))
    try:
        server.start()
        yield VllmSubject(server)
    finally:
        server.stop()


# Starting vLLM takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(2 * START_SECONDS)


def asked(subject: Subject, work: Callable[[InferenceClient], Awaitable[T]], key: str = KEY) -> T:
    async def run() -> T:
        # vLLM that is told to stop may fall silent and wait for its clients to go.
        client = InferenceClient(InferenceServer(subject.url, key, idle_seconds=10))
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def request(
    text: str = "How long is the notice period?",
    max_tokens: int = 32,
    constraint: Constraint | None = None,
) -> CompletionRequest:
    messages = (Message("system", "You answer briefly."), Message("user", text))
    return CompletionRequest(messages, MODEL, max_tokens, seed=7, constraint=constraint)


def complete(subject: Subject, wanted: CompletionRequest) -> tuple[str, Completed]:
    return asked(subject, lambda client: client.complete(wanted, 120))


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def metric(subject: Subject, name: str) -> float:
    # No certificates are read: that takes longer than all the rest.
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=30) as http:
        page = (await http.get(f"{subject.url.removesuffix('/v1')}/metrics")).text
    return sum(float(value) for value in re.findall(rf"^vllm:{name}\{{.*\}} (\S+)$", page, re.M))


def endless(client: InferenceClient) -> AsyncGenerator[str | Completed, None]:
    return client.stream(request(max_tokens=1_900, constraint=ENDLESS))


def test_text_comes_in_pieces_and_then_what_it_cost(subject: Subject) -> None:
    async def read(client: InferenceClient) -> list[str | Completed]:
        return [piece async for piece in client.stream(request(max_tokens=8))]

    *pieces, end = asked(subject, read)
    assert len(pieces) > 1
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert isinstance(end, Completed)
    assert end.model == MODEL
    assert end.finish_reason in ("stop", "length")
    assert end.usage.prompt_tokens > 20
    assert 0 < end.usage.completion_tokens <= 8
    assert end.first_token_seconds > 0


def test_the_same_question_has_the_same_answer(subject: Subject) -> None:
    assert complete(subject, request())[0] == complete(subject, request())[0]


def test_an_answer_ends_at_its_limit(subject: Subject) -> None:
    text, end = complete(subject, request(max_tokens=5, constraint=ENDLESS))
    assert text
    assert end.finish_reason == "length"
    assert end.usage.completion_tokens == 5


def test_an_answer_ends_with_the_window(subject: Subject) -> None:
    def length(words: int) -> int:
        messages = request("leave " * words).messages
        return asked(subject, lambda client: client.count_tokens(messages, MODEL)) or 0

    short, long = length(1), length(101)
    words = (CONTEXT - short - 60) * 100 // (long - short)
    _, end = complete(subject, request("leave " * words, max_tokens=1_900, constraint=ENDLESS))
    assert end.finish_reason == "length"
    assert end.usage.prompt_tokens + end.usage.completion_tokens <= CONTEXT


def test_tokens_are_counted_as_they_are_charged(subject: Subject) -> None:
    messages = request().messages
    count = asked(subject, lambda client: client.count_tokens(messages, MODEL))
    _, end = complete(subject, request())
    assert count == end.usage.prompt_tokens


def test_an_answer_goes_on_where_it_ended(subject: Subject) -> None:
    begun = Message("assistant", "The notice period is")
    fresh = request()
    closed = replace(fresh, messages=(*fresh.messages, begun))
    rest, end = complete(subject, replace(closed, continues=True))
    assert begun.content not in rest
    # What has begun is in the prompt, and nothing that ends it.
    shortest, longest = (complete(subject, each)[1].usage for each in (fresh, closed))
    assert shortest.prompt_tokens < end.usage.prompt_tokens < longest.prompt_tokens


def test_a_prompt_that_is_too_long(subject: Subject) -> None:
    with pytest.raises(PromptTooLong, match=f"{CONTEXT} tokens"):
        complete(subject, request("many words " * 3_000))


def test_a_model_that_is_not_there(subject: Subject) -> None:
    with pytest.raises(LLMRefused, match=f"'nope'; it has {MODEL}"):
        complete(subject, replace(request(), model="nope"))


def test_a_wrong_key(subject: Subject) -> None:
    with pytest.raises(LLMRefused, match="key") as caught:
        asked(subject, lambda client: client.complete(request(), 60), key="wrong")
    assert "CLOISTER_LLM_KEY" in caught.value.advice
    with pytest.raises(LLMRefused, match="key"):
        asked(subject, lambda client: client.models(), key="")


@pytest.mark.parametrize("max_tokens", [0, CONTEXT + 1])
def test_impossible_lengths_are_refused(subject: Subject, max_tokens: int) -> None:
    with pytest.raises(LLMRefused, match="max_tokens") as caught:
        complete(subject, request(max_tokens=max_tokens))
    assert "CLOISTER_LLM_ANSWER_TOKENS" in caught.value.advice


def test_no_message_is_refused(subject: Subject) -> None:
    with pytest.raises(LLMRefused, match="400"):
        complete(subject, replace(request(), messages=()))


def test_a_schema_is_obeyed(subject: Subject) -> None:
    schema = {
        "type": "object",
        "properties": {
            "colour": {"type": "string", "enum": ["mauve", "puce"]},
            "shades": {"type": "array", "items": {"enum": [3]}, "minItems": 2, "maxItems": 2},
        },
        "required": ["colour", "shades"],
        "additionalProperties": False,
    }
    text, end = complete(subject, request(max_tokens=64, constraint=JsonSchema(schema)))
    assert re.fullmatch(r'\{"colour": ?"(mauve|puce)", ?"shades": ?\[3, ?3\]\}', text)
    assert end.finish_reason == "stop"


QUOTES = r"""
root ::= "NO_ANSWER" | sentence+
sentence ::= claim " " quote "\n"
claim ::= [A-Za-z ]{3,12}
quote ::= "<q s=\"" ( "1\">The notice period is three months." | second ) "</q>"
second ::= "2\">Le préavis 😀 est bref."
"""


def test_a_grammar_is_obeyed(subject: Subject) -> None:
    text, _ = complete(subject, request(max_tokens=200, constraint=Grammar(QUOTES)))
    quotes = re.findall(r'<q s="(\d)">([^<]*)</q>\n', text)
    assert text == "NO_ANSWER" or quotes
    known = {("1", "The notice period is three months."), ("2", "Le préavis 😀 est bref.")}
    assert set(quotes) <= known


def test_a_grammar_that_cannot_be_read_is_refused_without_its_text(subject: Subject) -> None:
    with pytest.raises(LLMRefused, match="400") as caught:
        complete(subject, request(constraint=Grammar('root := "secret"')))
    assert "secret" not in str(caught.value)


def test_letters_of_several_bytes_stay_whole(subject: Subject) -> None:
    text = "Kündigungsfrist 😀 ระยะเวลา छुट्टी 書籍"
    constraint = Grammar(f'root ::= "{text}"')
    assert complete(subject, request(max_tokens=200, constraint=constraint))[0] == text


def test_a_prompt_that_begins_alike_is_not_computed_again(subject: Subject) -> None:
    text = " ".join(f"Passage {n} tells of the lease and of leave." for n in range(60))
    first = replace(request(text, max_tokens=2), cache_salt="readers")
    usage = complete(subject, first)[1].usage
    assert usage.cached_tokens < usage.prompt_tokens / 4
    again = replace(first, messages=(*first.messages, Message("user", "And then?")))
    usage = complete(subject, again)[1].usage
    assert usage.cached_tokens > usage.prompt_tokens / 2
    assert complete(subject, replace(again, cache_salt="others"))[1].usage.cached_tokens == 0


def test_an_adapter_answers_under_its_own_name(subject: Subject) -> None:
    _, end = complete(subject, replace(request(), model=ADAPTER))
    assert end.model == ADAPTER
    found = asked(subject, lambda client: probe(client, ADAPTER))
    assert found.models == (MODEL, ADAPTER)
    assert found.context_tokens == CONTEXT


def test_what_it_can_do_is_found_out(subject: Subject) -> None:
    found = asked(subject, probe)
    assert (found.model, found.context_tokens, found.trouble) == (MODEL, CONTEXT, "")
    assert found.writes
    assert found.tokenizes
    assert found.json_schema
    assert found.grammar
    assert found.is_llama


def test_a_model_that_is_not_there_is_found_out(subject: Subject) -> None:
    found = asked(subject, lambda client: probe(client, "nope"))
    assert not found.writes
    assert MODEL in found.trouble


def test_who_goes_away_stops_the_writing(subject: Subject) -> None:
    async def leave(client: InferenceClient) -> None:
        before = await metric(subject, "generation_tokens_total")
        async with aclosing(endless(client)) as pieces:
            await anext(pieces)
            assert await metric(subject, "num_requests_running") == 1
        await until(lambda: is_metric(subject, "num_requests_running", 0), subject.at_once)
        assert await metric(subject, "generation_tokens_total") - before < MUCH

    asked(subject, leave)


def test_who_is_cancelled_stops_the_writing(subject: Subject) -> None:
    async def cancel(client: InferenceClient) -> None:
        before = await metric(subject, "generation_tokens_total")
        wanted = request(max_tokens=1_900, constraint=ENDLESS)
        task = asyncio.ensure_future(client.complete(wanted, 120))
        await until(lambda: has_written(subject, before))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await until(lambda: is_metric(subject, "num_requests_running", 0), subject.at_once)
        assert await metric(subject, "generation_tokens_total") - before < MUCH

    asked(subject, cancel)


async def has_written(subject: Subject, before: float) -> bool:
    return await metric(subject, "generation_tokens_total") > before


async def is_metric(subject: Subject, name: str, value: float) -> bool:
    return await metric(subject, name) == value


def test_a_full_queue_is_told(subject: Subject) -> None:
    async def crowd(client: InferenceClient) -> None:
        wanted = request(max_tokens=1_900, constraint=ENDLESS)
        # All at once: the first ones end by themselves after some seconds.
        tasks = [asyncio.ensure_future(client.complete(wanted, 120)) for _ in range(ADMITTED)]
        try:
            await until(lambda: is_metric(subject, "num_requests_running", SEQUENCES))
            await until(lambda: is_metric(subject, "num_requests_waiting", ADMITTED - SEQUENCES))
            with pytest.raises(LLMBusy):
                await client.complete(request(), 60)
            with pytest.raises(LLMBusy):
                await probe(client)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: is_metric(subject, "num_requests_running", 0))

    asked(subject, crowd)


async def broken_off(client: InferenceClient, end: Callable[[], None]) -> str:
    """The text up to when ``end`` ended the server."""
    text = ""
    with pytest.raises(LLMInterrupted):
        async for piece in endless(client):
            assert isinstance(piece, str)
            if not text:
                ending = asyncio.get_running_loop().run_in_executor(None, end)
            text += piece
    await ending
    return text


def test_an_engine_that_dies_interrupts_the_answer_and_is_back_later(subject: Subject) -> None:
    async def live_through(client: InferenceClient) -> None:
        watched = Watched(client, MODEL, Rhythm(up=0.5, down=0.2))
        watched.start()
        try:
            assert (await watched.first_look()).writes
            assert await broken_off(client, subject.kill_engine)
            await until(lambda: now(lambda: not watched.capabilities.writes))
            assert watched.capabilities.trouble
            with pytest.raises(LLMUnavailable):
                await client.complete(request(), 60)
            await asyncio.get_running_loop().run_in_executor(None, subject.start)
            await until(lambda: now(lambda: watched.capabilities.writes), 120)
            assert watched.capabilities.model == MODEL
        finally:
            await watched.stop()

    asked(subject, live_through)


async def now(condition: Callable[[], bool]) -> bool:
    return condition()


def test_a_server_that_is_told_to_stop_interrupts_the_answer(subject: Subject) -> None:
    assert asked(subject, lambda client: broken_off(client, subject.terminate))
