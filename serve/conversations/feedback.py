"""What people think of answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, insert, select, update

from retrieval.schema import feedback

FeedbackValue = Literal["up", "down"]
FeedbackReason = Literal["wrong_source", "wrong_answer", "incomplete", "other"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person thinks of an answer, and why."""

    value: FeedbackValue
    reason: FeedbackReason | None = None
    comment: str = ""


def give_feedback(connection: Connection, turn_id: int, given: Feedback | None) -> None:
    """Keep what a person thinks of a turn, in place of what was thought before; None takes it back.

    The turn must be one that the person may see.
    """
    if given is None:
        connection.execute(delete(feedback).where(feedback.c.turn_id == turn_id))
        return
    values = {
        "value": given.value,
        "reason": given.reason,
        "comment": given.comment,
        "updated_at": time.time(),
    }
    known = select(feedback.c.turn_id).where(feedback.c.turn_id == turn_id)
    if connection.scalar(known) is not None:
        connection.execute(update(feedback).where(feedback.c.turn_id == turn_id).values(**values))
        return
    connection.execute(
        insert(feedback).values(turn_id=turn_id, created_at=values["updated_at"], **values)
    )
