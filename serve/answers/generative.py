"""Answers written by a language model behind an inference server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from serve.answers.llm import Assignment, Report
from serve.answers.prompt import Prompt, Room, neutral, prompt_of
from serve.answers.quote_grammar import quote_grammar
from serve.errors import LLMRefused, LLMUnavailable, PromptTooLong
from serve.inference.completion import Completed, CompletionRequest, Grammar, Message
from serve.inference.probe import Capabilities
from serve.inference.watch import Watched

_BYTES_A_TOKEN = 3
"""Of the eight languages of Llama 3.1 none has shorter tokens in ordinary text."""

_TEMPLATE_TOKENS = 16
"""What a chat template adds to a message, at most."""

_TIGHTER = 0.6
_TRIES = 3
_DEFAULT_CONTEXT = 4_096


@dataclass(frozen=True, slots=True)
class GenerativeOptions:
    """``context_tokens`` 0 is what the server says; ``grammar`` makes quotes verbatim."""

    context_tokens: int = 0
    answer_tokens: int = 700
    grammar: bool = False


class GenerativeLLM:
    """Has a model on an inference server write answers."""

    def __init__(self, watched: Watched, options: GenerativeOptions) -> None:
        self._watched = watched
        self._client = watched.client
        self._options = options

    @property
    def name(self) -> str:
        """The model's name, once the server has been asked."""
        return self._watched.capabilities.model or "model"

    async def write(self, assignment: Assignment) -> AsyncGenerator[str | Report, None]:
        """See ``LLM``."""
        capabilities = await self._watched.writing()
        model = _model_of(assignment, capabilities)
        budget = self._prompt_tokens(capabilities)
        for attempt in range(_TRIES):
            prompt = await self._fitting(assignment, model, int(budget * _TIGHTER**attempt))
            request = CompletionRequest(
                messages=prompt.messages,
                model=model,
                max_tokens=self._answer_tokens(capabilities),
                seed=0,
                continues=bool(assignment.begun),
                constraint=await self._constraint(prompt, capabilities),
                cache_salt=self._watched.cache_salt(assignment.asker),
                request_id=assignment.request_id,
            )
            try:
                async with aclosing(self._client.stream(request)) as pieces:
                    async for piece in pieces:
                        yield _report(piece, prompt) if isinstance(piece, Completed) else piece
            except PromptTooLong:
                if attempt == _TRIES - 1:
                    raise
            except LLMUnavailable:
                self._watched.look_again()
                raise
            else:
                return

    def _context_tokens(self, capabilities: Capabilities) -> int:
        return self._options.context_tokens or capabilities.context_tokens or _DEFAULT_CONTEXT

    def _answer_tokens(self, capabilities: Capabilities) -> int:
        return min(self._options.answer_tokens, self._context_tokens(capabilities) // 3)

    def _prompt_tokens(self, capabilities: Capabilities) -> int:
        return self._context_tokens(capabilities) - self._answer_tokens(capabilities)

    async def _constraint(self, prompt: Prompt, capabilities: Capabilities) -> Grammar | None:
        if not (self._options.grammar and capabilities.grammar):
            return None
        # Of passages that are new it takes milliseconds, which others need not wait for.
        return Grammar(await asyncio.to_thread(quote_grammar, prompt.quotable, shown=neutral))

    async def _fitting(self, assignment: Assignment, model: str, budget: int) -> Prompt:
        """The fullest prompt within a budget of tokens: less history first, then fewer sources.

        Raises:
            PromptTooLong: The question does not fit even with one source.
        """
        most = len(assignment.sources)
        rooms = [Room(most), Room(most, fresh=True)] if assignment.turns else [Room(most)]
        for room in rooms:
            prompt = prompt_of(assignment, room)
            if await self._fits(prompt, model, budget):
                return prompt
        return await self._with_fewer_sources(assignment, model, budget)

    async def _with_fewer_sources(self, assignment: Assignment, model: str, budget: int) -> Prompt:
        fitting: Prompt | None = None
        low, high = 1, len(assignment.sources) - 1
        while low <= high:
            middle = (low + high) // 2
            prompt = prompt_of(assignment, Room(middle, fresh=True))
            if await self._fits(prompt, model, budget):
                fitting, low = prompt, middle + 1
            else:
                high = middle - 1
        if fitting is None:
            raise PromptTooLong(
                "The question and one passage exceed the context window of the model.",
                advice="Serve the model with a longer window (vLLM: --max-model-len).",
            )
        return fitting

    async def _fits(self, prompt: Prompt, model: str, budget: int) -> bool:
        if most_tokens(prompt.messages) <= budget:
            return True
        count = None
        if self._watched.capabilities.tokenizes:
            count = await self._client.count_tokens(prompt.messages, model)
        return (likely_tokens(prompt.messages) if count is None else count) <= budget


def most_tokens(messages: tuple[Message, ...]) -> int:
    """The most tokens that a prompt can have: a token of byte-level BPE is a byte at least."""
    return sum(len(each.content.encode()) + _TEMPLATE_TOKENS for each in messages)


def likely_tokens(messages: tuple[Message, ...]) -> int:
    """The length of a prompt where the server does not tell it, rather too long than too short."""
    return sum(len(each.content.encode()) // _BYTES_A_TOKEN + _TEMPLATE_TOKENS for each in messages)


def _model_of(assignment: Assignment, capabilities: Capabilities) -> str:
    model = assignment.model or capabilities.model
    if model not in capabilities.models:
        raise LLMRefused(
            f"The inference server has no model {model!r}.",
            advice=f"It has {', '.join(capabilities.models)}.",
        )
    return model


def _report(completed: Completed, prompt: Prompt) -> Report:
    return Report(
        model=completed.model,
        prompt=prompt.messages,
        finish_reason=completed.finish_reason,
        usage=completed.usage,
        first_token_seconds=completed.first_token_seconds,
        shown=prompt.shown,
        left_out=prompt.left_out,
        opens_window=prompt.opens_window,
    )
