from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from serve.answers.generative import GenerativeLLM, GenerativeOptions, likely_tokens, most_tokens
from serve.answers.llm import Assignment, Report, Turn
from serve.answers.prompt import RULES
from serve.errors import LLMInterrupted, LLMRefused, LLMUnavailable, PromptTooLong
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.completion import Message
from serve.inference.watch import Rhythm, Watched
from serve.scripted.replies import Reply
from serve.scripted.server import ScriptedOptions, ScriptedServer
from tests.serve.test_prompt import assignment, source

T = TypeVar("T")
Words = tuple[str, Report | None]


@asynccontextmanager
async def watched(server: ScriptedServer, model: str = "") -> AsyncIterator[Watched]:
    await server.start()
    watch = Watched(InferenceClient(InferenceServer(server.url)), model, Rhythm(down=0.05))
    watch.start()
    try:
        yield watch
    finally:
        await watch.stop()
        await watch.client.close()
        await server.stop()


async def written(llm: GenerativeLLM, asked: Assignment) -> Words:
    text, report = "", None
    async for piece in llm.write(asked):
        if isinstance(piece, Report):
            report = piece
        else:
            text += piece
    return text, report


def run(
    server: ScriptedServer,
    work: Callable[[GenerativeLLM], Awaitable[T]],
    options: GenerativeOptions | None = None,
) -> T:
    async def all_of_it() -> T:
        async with watched(server) as watch:
            return await work(GenerativeLLM(watch, options or GenerativeOptions()))

    return asyncio.run(all_of_it())


def answers(server: ScriptedServer) -> list[dict[str, Any]]:
    """The requests for answers, without those of the probe."""
    return [body for body in server.requests if body["messages"][0]["content"] == RULES]


LEASE = [source(1, "The notice period of this lease is three months."), source(2, "Other words.")]


def test_it_writes_in_the_quote_protocol_and_reports() -> None:
    server = ScriptedServer()
    text, report = run(server, lambda llm: written(llm, assignment("Notice period?", LEASE)))
    assert '<q s="1">The notice period of this lease is three months.</q>' in text
    assert report is not None
    assert (report.model, report.finish_reason) == ("scripted", "stop")
    assert report.usage.prompt_tokens > report.usage.completion_tokens > 0
    assert report.shown == (1, 2)
    body = answers(server)[0]
    assert [Message(**message) for message in body["messages"]] == list(report.prompt)
    assert body["max_tokens"] == 700
    assert body["temperature"] == 0


def test_the_prompt_is_found_in_the_cache_turn_after_turn() -> None:
    server = ScriptedServer()

    async def conversation(llm: GenerativeLLM) -> list[Report]:
        turns: tuple[Turn, ...] = ()
        reports: list[Report] = []
        for i in range(1, 6):
            sources = [source(2 * i - 1, f"Fact {i} is so."), source(2 * i, "Nothing.")]
            asked = assignment(f"What of fact {i}?", sources, turns)
            text, report = await written(llm, asked)
            assert report is not None
            reports.append(report)
            turns = (*turns, Turn(asked.question, "en", text, asked.sources))
        return reports

    for report in run(server, conversation)[1:]:
        assert report.usage.cached_tokens > 0.6 * report.usage.prompt_tokens


def test_nobody_learns_from_the_cache_what_others_asked() -> None:
    server = ScriptedServer()
    asked = assignment("Notice period?", LEASE)

    async def cached(llm: GenerativeLLM) -> list[int]:
        counts = []
        for asker in (1, 2, 1, None):
            _, report = await written(llm, replace(asked, asker=asker))
            assert report is not None
            counts.append(report.usage.cached_tokens)
        return counts

    first, other, again, operator = run(server, cached)
    assert first == other == operator == 0
    assert again > 0


def long_sources(count: int) -> list[Any]:
    return [source(n, f"Sentence {n} with some more words. " * 20) for n in range(1, count + 1)]


def test_less_history_and_then_fewer_sources_where_the_window_is_small() -> None:
    server = ScriptedServer(options=ScriptedOptions(context_tokens=2_000))
    turn = Turn("Before?", "en", "So.", tuple(source(n, "Old words. " * 400) for n in (91, 92)))

    async def both(llm: GenerativeLLM) -> tuple[Words, Words]:
        fresh = await written(llm, assignment("Now?", LEASE, (turn,)))
        fewer = await written(llm, assignment("Now?", long_sources(30)))
        return fresh, fewer

    (_, fresh), (_, fewer) = run(server, both)
    assert fresh is not None
    assert fewer is not None
    assert fresh.opens_window
    assert fresh.shown == (1, 2)
    assert fewer.shown
    assert fewer.left_out
    assert fewer.shown + fewer.left_out == tuple(range(1, 31))
    # As many as fit: one more would not.
    tokens = fewer.usage.prompt_tokens
    assert tokens + tokens // len(fewer.shown) > 2_000 - 2_000 // 3 > tokens


def test_a_prompt_that_fits_nowhere_says_so() -> None:
    server = ScriptedServer(options=ScriptedOptions(context_tokens=600))
    with pytest.raises(PromptTooLong):
        run(server, lambda llm: written(llm, assignment("?", long_sources(2))))


def test_an_estimate_that_was_too_short_is_tightened() -> None:
    server = ScriptedServer(options=ScriptedOptions(context_tokens=2_000))
    # The settings promise more than the server has.
    options = GenerativeOptions(context_tokens=5_000)
    _, report = run(server, lambda llm: written(llm, assignment("?", long_sources(30))), options)
    assert report is not None
    assert report.shown
    assert report.left_out
    assert report.usage.prompt_tokens < 2_000


@pytest.mark.parametrize(
    "text", ["Ein Satz.", "Où est l'école ?", "यह एक वाक्य है।", "นี่คือประโยค", "x" * 999]
)
def test_bounds_of_a_prompts_length(text: str) -> None:
    messages = (Message("user", text),)
    assert most_tokens(messages) >= len(text.encode())
    assert likely_tokens(messages) < most_tokens(messages)


def test_an_adapter_is_asked_by_its_name_and_an_unknown_one_refused() -> None:
    server = ScriptedServer(options=ScriptedOptions(adapters=("legal",)))
    base = assignment("Notice period?", LEASE)

    def with_model(name: str) -> Assignment:
        return Assignment(base.question, base.retrieval, base.sources, model=name)

    _, report = run(server, lambda llm: written(llm, with_model("legal")))
    assert report is not None
    assert report.model == "legal"
    with pytest.raises(LLMRefused, match="no model 'medical'"):
        run(server, lambda llm: written(llm, with_model("medical")))


def test_an_answer_that_breaks_off_is_an_error_after_its_pieces() -> None:
    def script(body: dict[str, Any]) -> Reply:
        asked = body["messages"][0]["content"] == RULES
        return Reply("One two three four five six.", fault="error" if asked else None, after=3)

    async def broken(llm: GenerativeLLM) -> str:
        text = ""
        with pytest.raises(LLMInterrupted):
            async for piece in llm.write(assignment("?", LEASE)):
                text += str(piece)
        return text

    assert run(ScriptedServer(script), broken).startswith("One")


def test_a_server_that_goes_and_comes_back() -> None:
    server = ScriptedServer()

    async def gone_and_back(llm: GenerativeLLM) -> str:
        asked = assignment("Notice period?", LEASE)
        await written(llm, asked)
        await server.stop()
        with pytest.raises(LLMUnavailable):
            await written(llm, asked)
        await server.start()
        return (await written(llm, asked))[0]

    assert "three months" in run(server, gone_and_back)
