"""An answer as the reply to a request: a stream of events, or whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request, Response

from retrieval.errors import CloisterError
from serve.answers.events import Event, Failed, Traced, collected
from serve.answers.schemas import AnswerOut, EventOut
from serve.answers.shapes import answer_out, event_out, failure_problem
from serve.gate import CLIENT_IS_GONE
from serve.problems import problem_response
from serve.sse import event_stream

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """Whether an answer is streamed, and whether it tells how it came about."""

    stream: bool
    trace: bool


async def answer_reply(
    request: Request, events: AsyncGenerator[Event, None], form: ReplyForm
) -> AnswerOut | Response:
    """The reply that an answer's events make.

    Raises:
        CloisterError: What is raised before the first event, which no stream can tell any more.
    """
    rest = await begun(events)
    if form.stream:
        return event_stream(unbroken(_outgoing(rest, form), request, event_out))
    answer = await unless_gone(request, collected(rest))
    if answer is None:
        return Response(status_code=CLIENT_IS_GONE)
    if answer.failure:
        return problem_response(request, failure_problem(answer.failure))
    return answer_out(answer, with_trace=form.trace)


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What some work comes to; None, and the work is stopped, where the client goes."""
    working = asyncio.ensure_future(work)
    going = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, going}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        going.cancel()
        await asyncio.wait({working, going})


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def begun(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The same events, once the first of them is there.

    Raises:
        CloisterError: What is raised before the first event, which no stream can tell any more.
    """
    return _continued(await anext(events), events)


async def unbroken(
    events: AsyncGenerator[T, None], request: Request, told: Callable[[Failed], T]
) -> AsyncGenerator[T, None]:
    """The same events, in whatever form; where they break off, ``Failed`` as ``told`` says so."""
    try:
        async for event in events:
            yield event
    except CloisterError as error:
        yield told(Failed.by(error))
    except Exception:
        # The answer has begun, so its stream is the only place left to say so.
        log.exception("request %s: the answer broke off", request.scope.get("request_id"))
        yield told(Failed("internal_error", "Something went wrong in the server."))
    finally:
        await events.aclose()


async def _continued(
    first: Event, rest: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    try:
        yield first
        async for event in rest:
            yield event
    finally:
        await rest.aclose()


async def _outgoing(
    events: AsyncGenerator[Event, None], form: ReplyForm
) -> AsyncGenerator[EventOut, None]:
    async with aclosing(events):
        async for event in events:
            if form.trace or not isinstance(event, Traced):
                yield event_out(event)
