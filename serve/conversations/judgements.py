"""What people thought of answers: how often what, of all; and which, of those that one may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from retrieval.schema import conversations, feedback, turns
from serve.caller import Caller
from serve.conversations.store import visible

MOST = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A question whose answer was judged."""

    turn_id: int
    conversation_id: int
    question: str
    abstained: bool
    value: str
    reason: str | None
    comment: str
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class JudgedCount:
    """How many answers were judged so, whoever asked."""

    value: str
    reason: str | None
    count: int


def count_judgements(connection: Connection) -> list[JudgedCount]:
    """How often answers were judged how; numbers alone, so of all people."""
    rows = connection.execute(
        select(feedback.c.value, feedback.c.reason, func.count().label("n"))
        .group_by(feedback.c.value, feedback.c.reason)
        .order_by(feedback.c.value, feedback.c.reason)
    )
    return [JudgedCount(row.value, row.reason, row.n) for row in rows]


def list_judged(connection: Connection, caller: Caller) -> list[Judged]:
    """The latest judged questions in conversations that the caller may see."""
    rows = connection.execute(
        select(feedback, turns.c.conversation_id, turns.c.question, turns.c.abstained)
        .join(turns, turns.c.id == feedback.c.turn_id)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(visible(caller))
        .order_by(feedback.c.updated_at.desc(), feedback.c.turn_id.desc())
        .limit(MOST)
    )
    return [
        Judged(
            turn_id=row.turn_id,
            conversation_id=row.conversation_id,
            question=row.question,
            abstained=row.abstained,
            value=row.value,
            reason=row.reason,
            comment=row.comment,
            judged_at=datetime.fromtimestamp(row.updated_at, UTC),
        )
        for row in rows
    ]
