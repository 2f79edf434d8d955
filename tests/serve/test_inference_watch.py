"""What is found out of a server, and that it may come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from aiohttp import web

from serve.errors import LLMTimeout
from serve.inference.client import InferenceClient, InferenceServer, Model
from serve.inference.completion import CompletionRequest, Message
from serve.inference.probe import Capabilities, probe
from serve.inference.watch import Rhythm, Watched
from serve.scripted.frames import DONE, Envelope
from serve.scripted.replies import Reply
from serve.scripted.server import ScriptedOptions
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm

T = TypeVar("T")
EAGER = Rhythm(up=0.05, down=0.05)


@pytest.fixture
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


def asked(url: str, work: Callable[[InferenceClient], Awaitable[T]]) -> T:
    async def run() -> T:
        client = InferenceClient(InferenceServer(url))
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


async def until(watched: Watched, condition: Callable[[Capabilities], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition(watched.capabilities):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_what_a_server_passes_over_is_found_out() -> None:
    with scripted_llm(lambda body: Reply("Hello!"), ScriptedOptions(plain=True)) as llm:
        found = asked(llm.url, probe)
    assert found == Capabilities(models=("scripted",), model="scripted", writes=True, salts=True)


@pytest.mark.parametrize(
    ("name", "is_llama"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", True),
        ("llama-3.1", True),
        ("mistral", False),
        ("/srv/ollama/models/mistral", False),
        ("ollama", False),
        ("CodeLlama-7b", True),
        ("", False),
    ],
)
def test_llamas_are_known_by_name(name: str, is_llama: bool) -> None:
    with scripted_llm(options=ScriptedOptions((name or "x",))) as llm:
        assert asked(llm.url, probe).is_llama == is_llama


def test_what_writes_nothing_is_no_model(llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply(fault="failure")
    found = asked(llm.url, probe)
    assert not found.writes
    assert "500" in found.trouble


def test_what_is_no_inference_server_is_told(llm: ScriptedLlm) -> None:
    found = asked(f"{llm.url}/elsewhere", probe)
    assert not found.writes
    assert found.trouble


def test_a_server_may_come_and_go(llm: ScriptedLlm) -> None:
    async def live_through(client: InferenceClient) -> None:
        watched = Watched(client, rhythm=EAGER)
        assert not watched.capabilities.writes
        assert watched.capabilities.trouble
        watched.start()
        watched.start()
        assert (await watched.first_look()).model == "scripted"
        for _ in range(2):
            await asyncio.to_thread(llm.stop)
            await until(watched, lambda seen: not seen.writes)
            await asyncio.to_thread(llm.start)
            await until(watched, lambda seen: seen.writes)
        await watched.stop()
        await watched.stop()

    asked(llm.url, live_through)


def test_a_server_that_takes_no_unknown_fields_gets_no_salt() -> None:
    body: dict[str, Any] = {}

    async def strict(request: web.Request) -> web.StreamResponse:
        nonlocal body
        body = await request.json()
        if "cache_salt" in body:
            return web.json_response({"error": {"message": "Unrecognized: cache_salt"}}, status=400)
        response = web.StreamResponse()
        await response.prepare(request)
        envelope = Envelope("1", "m")
        await response.write(envelope.text("Hello.", "stop") + DONE)
        return response

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/v1/models", models)
        app.router.add_post("/v1/chat/completions", strict)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = InferenceClient(InferenceServer(f"http://127.0.0.1:{runner.addresses[0][1]}/v1"))
        watched = Watched(client, rhythm=EAGER)
        watched.start()
        assert (await watched.first_look()).writes
        assert watched.cache_salt(1) == ""
        await watched.stop()
        await client.close()
        await runner.cleanup()

    asyncio.run(run())


def test_salts_are_a_persons_own_and_tell_nothing(llm: ScriptedLlm) -> None:
    async def compare(watched: Watched) -> None:
        other = Watched(watched.client)
        assert watched.cache_salt(1) == watched.cache_salt(1)
        assert len({watched.cache_salt(person) for person in (1, 2, None)}) == 3
        assert other.cache_salt(1) == ""

    watching(llm, compare)


def watching(
    llm: ScriptedLlm, work: Callable[[Watched], Awaitable[None]], rhythm: Rhythm = EAGER
) -> None:
    async def run(client: InferenceClient) -> None:
        watched = Watched(client, rhythm=rhythm)
        watched.start()
        await watched.first_look()
        try:
            await work(watched)
        finally:
            await watched.stop()

    asked(llm.url, run)


async def another_look(llm: ScriptedLlm, watched: Watched) -> None:
    """Return once it was looked at again: it knows of one more adapter."""
    name = f"adapter-{len(llm.server.options.adapters)}"
    names = (*llm.server.options.adapters, name)
    llm.server.options = replace(llm.server.options, adapters=names)
    await until(watched, lambda seen: name in seen.models)


async def one_more_request(llm: ScriptedLlm, so_far: int) -> None:
    async with asyncio.timeout(30):
        while len(llm.server.requests) == so_far:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_a_server_that_writes_for_others_is_there_and_is_not_asked_to_write() -> None:
    def slow(body: dict[str, Any]) -> Reply:
        return Reply("word " * 4_000, token_seconds=0.01) if body["max_tokens"] > 100 else HELLO

    async def live_through(watched: Watched) -> None:
        request = CompletionRequest((Message("user", "Go on."),), "scripted", 4_000)
        async with aclosing(watched.client.stream(request)) as pieces:
            await anext(pieces)
            so_far = len(busy.server.requests)
            for _ in range(3):
                await another_look(busy, watched)
            assert watched.capabilities.writes
            assert len(busy.server.requests) == so_far

    with scripted_llm(slow, ScriptedOptions(running=1)) as busy:
        watching(busy, live_through)


HELLO = Reply("Hello!")


@pytest.mark.parametrize("trouble", [Reply(fault="busy"), Reply("late", first_seconds=60)])
def test_a_failed_request_to_a_busy_server_does_not_make_it_gone(
    llm: ScriptedLlm, trouble: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def live_through(watched: Watched) -> None:
        so_far = len(llm.server.requests)
        monkeypatch.setattr("serve.inference.probe._SECONDS", 0.5)
        llm.server.script = lambda body: trouble
        watched.look_again()
        await one_more_request(llm, so_far)
        await another_look(llm, watched)
        assert watched.capabilities.writes

    watching(llm, live_through)


def test_a_server_too_busy_to_list_its_models_is_not_gone(
    llm: ScriptedLlm, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(InferenceClient):
        slow = 0

        async def models(self) -> tuple[Model, ...]:
            if self.slow:
                self.slow -= 1
                raise LLMTimeout("The inference server does not answer.")
            return await super().models()

    async def run() -> None:
        client = Slow(InferenceServer(llm.url))
        watched = Watched(client, rhythm=EAGER)
        watched.start()
        before = await watched.first_look()
        client.slow = 2
        async with asyncio.timeout(30):
            while client.slow:
                await asyncio.sleep(0.01)
                assert watched.capabilities == before
        await another_look(llm, watched)
        await watched.stop()
        await client.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "does not write" not in caplog.text


def test_a_server_that_lists_its_models_and_does_not_write_is_found_out(llm: ScriptedLlm) -> None:
    async def live_through(watched: Watched) -> None:
        llm.server.script = lambda body: Reply(fault="failure")
        watched.look_again()
        await until(watched, lambda seen: not seen.writes)
        llm.server.script = lambda body: HELLO
        await until(watched, lambda seen: seen.writes)

    watching(llm, live_through)


def test_an_ability_that_cannot_be_seen_now_is_looked_for_again(llm: ScriptedLlm) -> None:
    def broken(body: dict[str, Any]) -> Reply:
        return Reply(fault="cut") if "grammar" in body else HELLO

    async def live_through(watched: Watched) -> None:
        assert watched.capabilities.json_schema
        assert not watched.capabilities.grammar
        assert watched.capabilities.in_doubt
        llm.server.script = lambda body: HELLO
        await until(watched, lambda seen: seen.grammar and not seen.in_doubt)
        # It went away, and cannot show it when it is back.
        llm.server.script = broken
        await asyncio.to_thread(llm.stop)
        await until(watched, lambda seen: not seen.writes)
        await asyncio.to_thread(llm.start)
        await until(watched, lambda seen: seen.writes and seen.in_doubt)
        assert watched.capabilities.grammar

    llm.server.script = broken
    watching(llm, live_through)


def test_another_model_is_probed_anew(llm: ScriptedLlm) -> None:
    async def live_through(watched: Watched) -> None:
        llm.server.options = replace(llm.server.options, models=("llama-3.1",), plain=True)
        await until(watched, lambda seen: seen.model == "llama-3.1")
        assert not watched.capabilities.grammar

    watching(llm, live_through)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/v1", "http://[bad/v1", "http://u:p@127.0.0.1:9/v1"]
)
def test_an_address_that_cannot_be_one_is_told(url: str) -> None:
    async def look(client: InferenceClient) -> Capabilities:
        return await probe(client)

    assert "cannot be reached" in asked(url, look).trouble


def test_what_is_not_foreseen_does_not_end_the_watch(
    llm: ScriptedLlm, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(InferenceClient):
        trouble = True

        async def models(self) -> tuple[Model, ...]:
            if self.trouble:
                raise RuntimeError("unforeseen")
            return await super().models()

    async def run() -> None:
        client = Broken(InferenceServer(llm.url))
        watched = Watched(client, rhythm=EAGER)
        watched.start()
        assert "log" in (await watched.first_look()).trouble
        client.trouble = False
        await until(watched, lambda seen: seen.writes)
        await watched.stop()
        await client.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert "unforeseen" in caplog.text


def test_a_failed_request_has_it_look_at_once(llm: ScriptedLlm) -> None:
    async def live_through(client: InferenceClient) -> None:
        watched = Watched(client, rhythm=Rhythm(up=10_000, down=10_000))
        watched.start()
        await watched.first_look()
        await asyncio.to_thread(llm.stop)
        watched.look_again()
        await until(watched, lambda seen: not seen.writes)
        await watched.stop()

    asked(llm.url, live_through)


def test_it_can_be_stopped_in_the_middle_of_a_look(llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply("never", first_seconds=60)

    async def live_through(client: InferenceClient) -> None:
        watched = Watched(client, rhythm=EAGER)
        watched.start()
        async with asyncio.timeout(30):
            while not llm.server.running:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await watched.stop()
        assert not watched.capabilities.writes

    asked(llm.url, live_through)
