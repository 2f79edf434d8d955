"""Chat: an answer with citations, as a stream of events or whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from retrieval.store import shared_model
from serve.answers.inquiry import Inquiry
from serve.answers.responses import ReplyForm, answer_reply
from serve.answers.schemas import EVENT_SCHEMA, AnswerOut
from serve.backend import Backend
from serve.caller import Caller
from serve.gate import request_id_of
from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.schemas import ChatBody, named_language
from serve.scope import scope_of

router = APIRouter(prefix="/api/v1", tags=["chat"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"$ref": EVENT_SCHEMA}}},
        "description": "One event a line of data.",
    }
}


@router.post("/chat", response_model=AnswerOut, responses=STREAM)
async def chat(
    request: Request,
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    body: ChatBody,
    stream: Annotated[bool, Query()] = True,
) -> AnswerOut | Response:
    """Answer a question."""
    inquiry = await run_in_threadpool(_inquiry, backend, caller, body, request_id_of(request))
    events = engine.answer(inquiry)
    return await answer_reply(request, events, ReplyForm(stream, body.trace))


def _inquiry(backend: Backend, caller: Caller, body: ChatBody, request_id: str) -> Inquiry:
    with backend.database.read() as connection:
        scope = scope_of(connection, caller, body.collections, body.documents)
        model = shared_model(connection, scope)
    return Inquiry(
        body.question,
        scope,
        body.k,
        language=named_language(body.language),
        model=model,
        request_id=request_id,
        asker=caller.person_id,
    )
