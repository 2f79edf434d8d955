"""Feedback as a whole."""

from __future__ import annotations

from fastapi import APIRouter

from serve.conversations.judgements import count_judgements, list_judged
from serve.conversations.schemas import FeedbackOverview, JudgedCountOut, JudgedOut
from serve.routes.parts import BackendPart, CallerPart

router = APIRouter(prefix="/api/v1/feedback", tags=["conversations"])


@router.get("")
def overview(backend: BackendPart, caller: CallerPart) -> FeedbackOverview:
    """The latest judged questions of one's own; for administrators also the counts of all.

    The questions of others are theirs and the operator's.
    """
    with backend.database.read() as connection:
        counts = count_judgements(connection) if caller.is_administrator else []
        found = list_judged(connection, caller)
    return FeedbackOverview(
        counts=[JudgedCountOut.model_validate(each) for each in counts],
        items=[JudgedOut.model_validate(each) for each in found],
    )
