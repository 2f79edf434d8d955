"""Turns of conversations: ask, ask again, ask otherwise; feedback, and how an answer came about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from serve.answers.responses import ReplyForm, answer_reply
from serve.answers.schemas import AnswerOut
from serve.audit.acts import Act
from serve.conversations.asking import Asking
from serve.conversations.continuing import turn_continued
from serve.conversations.feedback import Feedback, give_feedback
from serve.conversations.history import read_quotes, read_turn
from serve.conversations.judged_questions import judged_questions
from serve.conversations.past_prompt import past_prompt
from serve.conversations.past_turns import read_sources
from serve.conversations.schemas import (
    AgainBody,
    ContinueBody,
    EditBody,
    FeedbackBody,
    PastTraceOut,
    TurnAnswerOut,
    TurnBody,
    TurnOut,
)
from serve.conversations.shapes import past_trace_out, turn_out
from serve.conversations.store import tree_of
from serve.conversations.turns import Asked, NewTurn, new_turn, turn_beside
from serve.evaluation.question_set import question_lines
from serve.gate import request_id_of
from serve.routes.chat import STREAM
from serve.routes.parts import BackendPart, CallerPart, EnginePart, IdPath
from serve.schemas import named_language
from serve.scope import collection_of, whole_scope

router = APIRouter(prefix="/api/v1", tags=["conversations"])


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request for an answer, and what answers it."""

    request: Request
    asking: Asking
    stream: bool

    async def reply(
        self, chosen: Callable[[Connection], NewTurn], *, trace: bool
    ) -> TurnAnswerOut | Response:
        """The answer to the question that is chosen, as a stream or whole."""
        started, events = await self.asking.answered(chosen)
        reply = await answer_reply(self.request, events, ReplyForm(self.stream, trace))
        if isinstance(reply, AnswerOut):
            return TurnAnswerOut(
                **dict(reply), conversation_id=started.conversation_id, turn_id=started.turn_id
            )
        return reply


def _exchange(
    request: Request,
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    stream: Annotated[bool, Query()] = True,
) -> _Exchange:
    recorders = request.app.state.recorders
    asking = Asking(backend.database, engine, recorders, caller, request_id_of(request))
    return _Exchange(request, asking, stream)


ExchangePart = Annotated[_Exchange, Depends(_exchange)]


@router.post(
    "/conversations/{conversation_id}/turns", response_model=TurnAnswerOut, responses=STREAM
)
async def ask(
    exchange: ExchangePart, conversation_id: IdPath, body: TurnBody
) -> TurnAnswerOut | Response:
    """Answer a question in a conversation."""

    def chosen(connection: Connection) -> NewTurn:
        caller = exchange.asking.caller
        collections = tuple(collection_of(connection, caller, ref).id for ref in body.collections)
        language = named_language(body.language)
        asked = Asked(collections, tuple(body.documents), body.k, language)
        return new_turn(connection, caller, conversation_id, body.parent_id, body.question, asked)

    return await exchange.reply(chosen, trace=body.trace)


@router.post("/turns/{turn_id}/regenerate", response_model=TurnAnswerOut, responses=STREAM)
async def regenerate(
    exchange: ExchangePart, turn_id: IdPath, body: AgainBody | None = None
) -> TurnAnswerOut | Response:
    """Answer the question of a turn once more, beside it."""
    body = body or AgainBody()
    caller, language = exchange.asking.caller, _language_of(body)
    return await exchange.reply(
        lambda connection: turn_beside(connection, caller, turn_id, language=language),
        trace=body.trace,
    )


@router.post("/turns/{turn_id}/continue", response_model=TurnAnswerOut, responses=STREAM)
async def go_on(
    exchange: ExchangePart, turn_id: IdPath, body: ContinueBody | None = None
) -> TurnAnswerOut | Response:
    """Write on where the answer of a turn broke off, beside it."""
    caller = exchange.asking.caller
    return await exchange.reply(
        lambda connection: turn_continued(connection, caller, turn_id),
        trace=bool(body and body.trace),
    )


@router.post("/turns/{turn_id}/edit", response_model=TurnAnswerOut, responses=STREAM)
async def edit(exchange: ExchangePart, turn_id: IdPath, body: EditBody) -> TurnAnswerOut | Response:
    """Answer another question in the place of a turn, which begins a branch."""
    caller, language = exchange.asking.caller, _language_of(body)
    return await exchange.reply(
        lambda connection: turn_beside(connection, caller, turn_id, body.question, language),
        trace=body.trace,
    )


def _language_of(body: AgainBody) -> str | None:
    return None if body.language is None else named_language(body.language)


@router.put("/turns/{turn_id}/feedback")
def judge(backend: BackendPart, caller: CallerPart, turn_id: IdPath, body: FeedbackBody) -> TurnOut:
    """Keep what a person thinks of an answer, or take it back."""
    given = Feedback(body.value, body.reason, body.comment) if body.value else None
    with backend.database.write() as connection:
        scope = whole_scope(connection, caller)
        turn = read_turn(connection, caller, turn_id, scope)
        give_feedback(connection, turn_id, given)
        tree = tree_of(connection, caller, turn.conversation_id)
        return turn_out(read_turn(connection, caller, turn_id, scope), tree)


@router.get("/turns/{turn_id}/trace")
def trace(backend: BackendPart, caller: CallerPart, turn_id: IdPath) -> PastTraceOut:
    """How an answer came about."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        turn = read_turn(connection, caller, turn_id, scope)
        sources = read_sources(connection, turn_id, scope)
        prompt = past_prompt(connection, caller, turn, sources)
        out = past_trace_out(turn, sources, read_quotes(connection, turn_id, scope), prompt)
    read = sorted({each.stored.document_id for each in sources if each.stored})
    backend.journal.record(Act.CONVERSATION_OPENED, f"turn:{turn_id}", documents=read)
    return out


@router.get("/feedback/questions", response_class=Response)
def questions(backend: BackendPart, caller: CallerPart) -> Response:
    """A question set from the answers that people judged, one JSON object a line."""
    with backend.database.read() as connection:
        found = judged_questions(connection, caller, whole_scope(connection, caller))
    backend.journal.record(Act.FEEDBACK_EXPORTED, questions=len(found))
    headers = {"Content-Disposition": 'attachment; filename="questions.jsonl"'}
    return Response(question_lines(found), headers=headers, media_type="application/x-ndjson")
