"""What the client makes of a server that goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import LLMBusy, LLMInterrupted, LLMRefused, LLMTimeout, LLMUnavailable
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.completion import Completed, CompletionRequest, Message, Usage
from serve.inference.frames import Frames
from serve.scripted.frames import COMMENT, DONE, Counts, Envelope
from serve.scripted.replies import Fault, Reply
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm

T = TypeVar("T")
TEXT = "Die Kündigungsfrist beträgt drei Monate 😀. ระยะเวลาบอกกล่าว छुट्टी"
SECRET = "the merger with Umbrella"


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


def asked(llm: ScriptedLlm, work: Callable[[InferenceClient], Awaitable[T]], **options: float) -> T:
    async def run() -> T:
        client = InferenceClient(InferenceServer(llm.url, **options))  # type: ignore[arg-type]
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def request(max_tokens: int = 500, model: str = "scripted") -> CompletionRequest:
    return CompletionRequest((Message("user", f"What of {SECRET}?"),), model, max_tokens)


def written(
    llm: ScriptedLlm, reply: Reply, **options: float
) -> tuple[str, Completed | LLMUnavailable | LLMBusy]:
    """The text that arrived, and how it ended."""
    llm.server.script = lambda body: reply

    async def read(client: InferenceClient) -> tuple[str, Completed | LLMUnavailable | LLMBusy]:
        text = ""
        try:
            async for piece in client.stream(request()):
                if isinstance(piece, Completed):
                    return text, piece
                text += piece
        except (LLMUnavailable, LLMBusy) as error:
            assert SECRET not in f"{error.message} {error.advice}"
            return text, error
        raise AssertionError("neither complete nor broken")

    return asked(llm, read, **options)


@pytest.mark.parametrize("bytes_per_write", [0, 1, 7])
@pytest.mark.parametrize("comments", [False, True])
def test_text_arrives_whole_however_it_is_cut(
    llm: ScriptedLlm, bytes_per_write: int, comments: bool
) -> None:
    text, end = written(llm, Reply(TEXT, bytes_per_write=bytes_per_write, comments=comments))
    assert text == TEXT
    assert isinstance(end, Completed)
    assert end.finish_reason == "stop"
    assert end.model == "scripted"
    assert end.usage.completion_tokens > 5


@pytest.mark.parametrize("fault", ["error", "abort", "end", "done", "cut", "garbage"])
@pytest.mark.parametrize("after", [0, 4])
def test_a_broken_stream_is_never_complete(llm: ScriptedLlm, fault: Fault, after: int) -> None:
    text, end = written(llm, Reply(TEXT, fault=fault, after=after))
    assert isinstance(end, LLMInterrupted)
    assert TEXT.startswith(text)
    assert bool(text) == bool(after)


@pytest.mark.parametrize("after", [0, 4])
def test_silence_is_a_break(llm: ScriptedLlm, after: int) -> None:
    reply = Reply(TEXT, fault="silence", after=after)
    first = 30.0 if after else 0.5
    text, end = written(llm, reply, idle_seconds=0.5, first_token_seconds=first)
    assert isinstance(end, LLMInterrupted if after else LLMTimeout)
    assert ("silent in the middle" if after else "did not begin") in end.message
    assert bool(text) == bool(after)


def test_comments_are_no_tokens() -> None:
    async def only_comments(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(COMMENT)
            await asyncio.sleep(0.05)

    async def read() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", only_comments)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        client = InferenceClient(InferenceServer(url, first_token_seconds=0.4))
        try:
            with pytest.raises(LLMTimeout, match=r"did not begin to answer within 0\.4 seconds"):
                await client.complete(request(), 20)
        finally:
            await client.close()
            await runner.cleanup()

    asyncio.run(read())


def test_slow_tokens_are_no_silence(llm: ScriptedLlm) -> None:
    reply = Reply("word " * 24, token_seconds=0.15)
    text, end = written(llm, reply, idle_seconds=3.0)
    assert text == reply.text
    assert isinstance(end, Completed)


def test_a_slow_reader_does_not_make_silence(llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply("one two three", token_seconds=0.05)

    async def read(client: InferenceClient) -> list[str | Completed]:
        pieces = []
        async for piece in client.stream(request()):
            pieces.append(piece)
            await asyncio.sleep(0.4)
        return pieces

    pieces = asked(llm, read, idle_seconds=0.2)
    assert isinstance(pieces[-1], Completed)


def test_an_answer_that_runs_out_of_tokens_says_so(llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply(TEXT)
    text, end = asked(llm, lambda client: client.complete(request(max_tokens=3), 20))
    assert end.finish_reason == "length"
    assert end.usage.completion_tokens == 3
    assert TEXT.startswith(text)


def test_nothing_written_is_complete(llm: ScriptedLlm) -> None:
    text, end = written(llm, Reply(""))
    assert text == ""
    assert isinstance(end, Completed)


def test_failures_before_any_text(llm: ScriptedLlm) -> None:
    _, end = written(llm, Reply(fault="failure"))
    assert type(end) is LLMUnavailable
    _, end = written(llm, Reply(fault="busy"))
    assert isinstance(end, LLMBusy)
    assert end.retry_after == 5


def test_no_server(llm: ScriptedLlm) -> None:
    llm.stop()
    try:
        _, end = written(llm, Reply(TEXT))
    finally:
        llm.start()
    assert type(end) is LLMUnavailable
    assert "CLOISTER_LLM_URL" in end.advice


def test_an_address_that_has_no_name() -> None:
    async def read() -> None:
        client = InferenceClient(InferenceServer("http://localhost.:0/v1"))
        try:
            with pytest.raises(LLMUnavailable):
                await client.models()
        finally:
            await client.close()

    asyncio.run(read())


def test_a_short_call_has_an_overall_limit(llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply(TEXT, token_seconds=0.3)
    with pytest.raises(LLMUnavailable, match=r"0\.5 seconds"):
        asked(llm, lambda client: client.complete(request(), 0.5))


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "message"),
    [
        (400, {"error": {"message": SECRET, "type": "BadRequestError"}}, {}, LLMRefused, "400"),
        (
            400,
            {"error": {"message": f"{SECRET}: exceeds the available context size"}},
            {},
            LLMUnavailable,
            "context window",
        ),
        (401, {"error": "Unauthorized"}, {}, LLMRefused, "key"),
        (403, {"error": SECRET}, {}, LLMRefused, "key"),
        (404, {"detail": "Not Found"}, {}, LLMRefused, "no chat completions"),
        (307, {}, {"Location": "http://127.0.0.1:9/"}, LLMRefused, "307"),
        (422, [SECRET], {}, LLMRefused, "422"),
        (429, {}, {"Retry-After": "17"}, LLMBusy, "no further"),
        (503, {"error": {"message": "Loading model"}}, {}, LLMUnavailable, "loading"),
        (502, {"error": SECRET}, {}, LLMUnavailable, "502"),
        (200, {"choices": []}, {}, LLMInterrupted, "no stream of events"),
    ],
)
def test_other_servers_refuse_in_other_words(
    status: int, body: object, headers: dict[str, str], kind: type[Exception], message: str
) -> None:
    async def refuse(asked: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers=headers, dumps=_line)

    async def read() -> Exception:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", refuse)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/"
        client = InferenceClient(InferenceServer(url))
        try:
            with pytest.raises(kind, match=message) as caught:
                await client.complete(request(), 20)
        finally:
            await client.close()
            await runner.cleanup()
        return caught.value

    error = asyncio.run(read())
    assert SECRET not in str(error)
    if isinstance(error, LLMBusy) and headers:
        assert error.retry_after == 17


def _line(value: object) -> str:
    return json.dumps(value) + "\n"


ENVELOPE = Envelope("1", "scripted", 0)
STREAM = b"".join(
    [
        ENVELOPE.opening(),
        COMMENT,
        *(ENVELOPE.text(word, None) for word in ("é", "😀", " ", "x\ny")),
        ENVELOPE.text("end", "stop"),
        ENVELOPE.usage(Counts(prompt=20, cached=16, written=5)),
        DONE,
    ]
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_frames_may_be_cut_anywhere(cuts: list[int]) -> None:
    frames = Frames()
    places = [0, *sorted(cuts), len(STREAM)]
    text = "".join(frames.feed(STREAM[a:b]) for a, b in pairwise(places))
    assert text == "é😀 x\nyend"
    assert (frames.finish_reason, frames.ended, frames.trouble) == ("stop", True, "")
    assert frames.usage == Usage(prompt_tokens=20, cached_tokens=16, completion_tokens=5)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    frames = Frames()
    frames.feed(b"data: " + data + b"\n\n")
    assert frames.finish_reason in ("", "stop") or frames.trouble or frames.ended


@pytest.mark.parametrize(
    "frame",
    [
        b"[]", b"1", b"null", b"{}", b'{"choices": 1}', b'{"choices": [1]}', b'{"choices": [{}]}',
        b'{"choices": [{"delta": {"content": 1}}]}', b'{"error": "a text"}', b"\xff", b'{"a',
        b'{"choices": [], "usage": {"prompt_tokens": "x"}}', b'{"choices": [], "usage": [1]}',
        b'{"choices": [{"delta": null}]}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_nonsense_is_trouble(frame: bytes) -> None:
    frames = Frames()
    assert frames.feed(b"data: " + frame + b"\n\n") == ""
    assert frames.trouble
    assert frames.ended
