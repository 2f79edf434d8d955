"""What is found out of a server, and that it may come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.probe import Capabilities, probe
from serve.inference.watch import Rhythm, Watched
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
    assert found == Capabilities(models=("scripted",), model="scripted", writes=True)


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


def test_a_busy_server_is_not_gone(llm: ScriptedLlm) -> None:
    async def live_through(client: InferenceClient) -> None:
        watched = Watched(client, rhythm=EAGER)
        watched.start()
        await watched.first_look()
        seen = len(llm.server.requests)
        llm.server.script = lambda body: Reply(fault="busy")
        async with asyncio.timeout(30):
            while len(llm.server.requests) < seen + 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert watched.capabilities.writes
        await watched.stop()

    asked(llm.url, live_through)


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
