"""A safety model beside the one that writes: Llama Guard 3 judges questions and answers.

Its chat template makes the task of the messages: a question alone, or a question with its answer.
It writes ``safe``, or ``unsafe`` and below it the categories. Where it does not judge, nothing is
answered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from serve.answers.events import Cited, Event, Failed, Started, Struck, Text, Traced
from serve.answers.guard_categories import CATEGORIES
from serve.answers.llm import NO_ANSWER
from serve.answers.prompt import neutral
from serve.errors import (
    AnswerWithheld,
    GuardUnavailable,
    LLMBusy,
    LLMUnavailable,
    PromptTooLong,
    QuestionWithheld,
    Withheld,
)
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.completion import CompletionRequest, Message
from serve.inference.watch import Watched
from serve.settings import Settings

_VERDICT = re.compile(r"safe|unsafe\n(S\d{1,2}(?:, ?S\d{1,2})*)")
_DIVIDER = re.compile(r"<(?=\s*+/?\s*+(?:BEGIN|END)\b)", re.IGNORECASE)
_TAG = re.compile(r'</?q(?: s="\d{1,4}")?>')
_TOKENS = 64
"""Room for all categories; what is cut short is no verdict."""


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """``categories`` are those that count; seconds are for one verdict, and before a second try."""

    categories: frozenset[str]
    seconds: float = 30.0
    pause: float = 2.0


class Guard:
    """Has a safety model judge what is asked and what is answered."""

    def __init__(self, watched: Watched, options: GuardOptions) -> None:
        self.watched = watched
        self.options = options

    async def check_question(self, question: str, request_id: str = "") -> None:
        """Let a question pass.

        Raises:
            QuestionWithheld: It is unsafe.
            GuardUnavailable: There is no verdict.
        """
        if found := await self._found(question, None, request_id):
            raise QuestionWithheld(
                f"The safety model finds this question unsafe ({_named(found)}); "
                "it is not answered."
            )

    async def check_answer(self, question: str, answer: str, request_id: str = "") -> None:
        """Let an answer pass.

        Raises:
            AnswerWithheld: It is unsafe.
            GuardUnavailable: There is no verdict.
        """
        if found := await self._found(question, answer, request_id):
            raise AnswerWithheld(
                f"The safety model finds the answer unsafe ({_named(found)}); it is not shown."
            )

    async def _found(self, question: str, answer: str | None, request_id: str) -> list[str]:
        """The categories that count among those that the model finds."""
        messages = [Message("user", _plain(question))]
        if answer is not None:
            messages.append(Message("assistant", _plain(answer)))
        written = await self._written(tuple(messages), request_id)
        verdict = _VERDICT.fullmatch(written.strip())
        codes = re.findall(r"S\d+", verdict[1] or "") if verdict else []
        if verdict is None or not set(codes) <= CATEGORIES.keys():
            raise GuardUnavailable(
                "The safety model wrote no verdict, so nothing is answered.",
                advice="Is it Llama Guard 3? See CLOISTER_GUARD_MODEL.",
            )
        return [code for code in codes if code in self.options.categories]

    async def _written(self, messages: tuple[Message, ...], request_id: str) -> str:
        try:
            capabilities = await self.watched.writing()
            request = CompletionRequest(
                messages, capabilities.model, _TOKENS, request_id=request_id
            )
            return await self._insisting(request)
        except (LLMUnavailable, LLMBusy) as error:
            self.watched.look_again()
            raise _unavailable(error) from error

    async def _insisting(self, request: CompletionRequest) -> str:
        try:
            return await self._completed(request)
        except LLMBusy as busy:
            await asyncio.sleep(min(busy.retry_after, self.options.pause))
        return await self._completed(request)

    async def _completed(self, request: CompletionRequest) -> str:
        text, end = await self.watched.client.complete(request, self.options.seconds)
        return text if end.finish_reason == "stop" else ""


def configured_guard(settings: Settings) -> Guard | None:
    """The guard that the settings name; None if they name none."""
    if not settings.guard_url:
        return None
    server = InferenceServer(
        url=settings.guard_url, key=settings.guard_key, settings="CLOISTER_GUARD"
    )
    watched = Watched(InferenceClient(server), settings.guard_model)
    return Guard(watched, GuardOptions(frozenset(settings.guard_categories.split(","))))


async def guarded(
    events: AsyncGenerator[Event, None], guard: Guard, request_id: str = ""
) -> AsyncGenerator[Event, None]:
    """The events of an answer, none of its words before the guard has judged all of them.

    An unsafe question is judged before ``events`` is asked for more than ``Started``.
    """
    async with aclosing(events):
        started = await anext(events)
        yield started
        question = started.question if isinstance(started, Started) else ""
        try:
            await guard.check_question(question, request_id)
        except (Withheld, GuardUnavailable) as error:
            yield Failed.by(error)
            return
        held: list[Event] = []
        async for event in events:
            # Once there are words, all that follows waits with them.
            if held or isinstance(event, Text | Cited | Struck | Traced):
                held.append(event)
            else:
                yield event
    async with aclosing(_judged(held, question, guard, request_id)) as judged:
        async for event in judged:
            yield event


async def _judged(
    held: Sequence[Event], question: str, guard: Guard, request_id: str
) -> AsyncGenerator[Event, None]:
    words = _words(held)
    try:
        if words:
            await guard.check_answer(question, words, request_id)
    except (Withheld, GuardUnavailable) as error:
        for event in held:
            if isinstance(event, Traced):
                yield Traced(replace(event.trace, written="", quotes=()))
        yield Failed.by(error)
        return
    for event in held:
        yield event


def _words(events: Sequence[Event]) -> str:
    """All that was written: the text with its quotes, and what only a trace shows."""
    written = [event.trace.written for event in events if isinstance(event, Traced)]
    if not written:
        written = [event.delta for event in events if isinstance(event, Text)]
    return _TAG.sub("", "".join(written)).replace(NO_ANSWER, "").strip()


def _plain(text: str) -> str:
    """A text that cannot end the conversation which it is part of."""
    return _DIVIDER.sub("\uff1c", neutral(text))


def _named(codes: Sequence[str]) -> str:
    return ", ".join(f"{code}: {CATEGORIES[code]}" for code in codes)


def _unavailable(error: LLMUnavailable | LLMBusy) -> GuardUnavailable:
    if isinstance(error, PromptTooLong):
        return GuardUnavailable(
            "What is to be judged does not fit into the context window of the safety model.",
            advice="Serve it with a longer window (vLLM: --max-model-len).",
        )
    return GuardUnavailable(
        f"The safety model does not judge, so nothing is answered: {error.message}",
        advice=error.advice,
    )
