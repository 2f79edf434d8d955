"""The model without documents: what a program says to it goes to it as it is."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from retrieval.errors import CloisterError
from serve.answers.events import Done, Event, Failed, Queued, Started, Text, Trace, Traced
from serve.answers.llm import Report
from serve.answers.served_model import ServedModel
from serve.inference.admission import Ticket
from serve.inference.completion import Completed, CompletionRequest, Message
from serve.request_turns import leave_turn


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """A prompt; ``tokens`` is None for as many as an answer may have."""

    prompt: tuple[Message, ...]
    tokens: int | None = None
    temperature: float | None = None
    request_id: str = ""
    asker: int | None = None


async def plain_answer(
    model: ServedModel, request: PlainRequest, most_tokens: int
) -> AsyncGenerator[Event, None]:
    """What the model writes, as the events of an answer without passages and citations.

    Raises:
        TooManyQuestions: Before the first event: too many wait for the model.
    """
    begun = time.monotonic()
    with model.admission.ticket(request.asker) as ticket:
        leave_turn()
        yield Started("\n\n".join(each.content for each in request.prompt))
        end: Completed | None = None
        text: list[str] = []
        try:
            async with aclosing(_written(model, request, ticket, most_tokens)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completed):
                        end = piece
                    elif isinstance(piece, Queued):
                        yield piece
                    else:
                        text.append(piece)
                        yield Text(piece)
        except CloisterError as error:
            yield Failed.by(error)
            return
    seconds = time.monotonic() - begun
    yield Traced(_trace(request, "".join(text), end, seconds))
    yield Done(
        abstained=False,
        grounded=False,
        truncated=end is not None and end.finish_reason == "length",
        seconds=seconds,
    )


async def told(question: str, text: str) -> AsyncGenerator[Event, None]:
    """A text that needed no model, as the events of an answer."""
    yield Started(question)
    yield Text(text)
    yield Done(abstained=False, grounded=False, truncated=False, seconds=0.0)


async def _written(
    model: ServedModel, request: PlainRequest, ticket: Ticket, most_tokens: int
) -> AsyncGenerator[str | Queued | Completed, None]:
    async for place in ticket.places():
        yield Queued(place)
    capabilities = await model.watched.writing()
    asked = CompletionRequest(
        messages=request.prompt,
        model=capabilities.model,
        max_tokens=min(request.tokens or most_tokens, most_tokens),
        temperature=request.temperature or 0.0,
        cache_salt=model.watched.cache_salt(request.asker),
        request_id=request.request_id,
    )
    async with aclosing(model.watched.client.stream(asked)) as pieces:
        async for piece in pieces:
            yield piece


def _trace(request: PlainRequest, text: str, end: Completed | None, seconds: float) -> Trace:
    report = _report(request, end) if end else None
    return Trace(
        llm=end.model if end else "",
        queries=(),
        written=text,
        quotes=(),
        report=report,
        retrieved_seconds=0.0,
        seconds=seconds,
    )


def _report(request: PlainRequest, end: Completed) -> Report:
    return Report(
        model=end.model,
        prompt=request.prompt,
        finish_reason=end.finish_reason,
        usage=end.usage,
        first_token_seconds=end.first_token_seconds,
        shown=(),
    )
