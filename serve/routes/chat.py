"""Chat: an answer with citations, as a stream of events or whole."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from retrieval.types import Scope
from serve.answer_schemas import AnswerOut, EventOut
from serve.answer_shapes import answer_out, event_out
from serve.backend import Backend
from serve.events import Event, Failed, Traced, collected
from serve.inquiry import Inquiry
from serve.problems import problem_response, recorded_problem
from serve.routes.parts import BackendPart, EnginePart
from serve.schemas import ChatBody
from serve.scope import scope_of
from serve.sse import event_stream

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1", tags=["chat"])

_STREAM = {"content": {"text/event-stream": {}}, "description": "One event a line of data."}


@router.post("/chat", response_model=AnswerOut, responses={200: _STREAM})
async def chat(
    request: Request,
    backend: BackendPart,
    engine: EnginePart,
    body: ChatBody,
    stream: Annotated[bool, Query()] = True,
) -> AnswerOut | Response:
    """Answer a question."""
    scope = await run_in_threadpool(_scope, backend, body)
    events = engine.answerer.answer(Inquiry(body.question, scope, body.k))
    if stream:
        return event_stream(_outgoing(events, request, body.trace))
    answer = await collected(events)
    if answer.failure:
        failure = recorded_problem(
            answer.failure.code, answer.failure.message, answer.failure.advice
        )
        return problem_response(request, failure)
    return answer_out(answer, with_trace=body.trace)


def _scope(backend: Backend, body: ChatBody) -> Scope:
    with backend.database.read() as connection:
        return scope_of(connection, body.collections, body.documents)


async def _outgoing(
    events: AsyncIterator[Event], request: Request, with_trace: bool
) -> AsyncIterator[EventOut]:
    try:
        async for event in events:
            if with_trace or not isinstance(event, Traced):
                yield event_out(event)
    except Exception:
        # The answer has begun, so its stream is the only place left to say so.
        log.exception("request %s: the answer broke off", request.scope.get("request_id"))
        yield event_out(Failed("internal_error", "Something went wrong in the server."))
