"""A question set for ``cloister eval``, from the answers that people judged."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from retrieval.schema import feedback
from retrieval.types import Scope
from serve.answers.events import Citation
from serve.caller import Caller
from serve.conversations.history import StoredTurn, turns_where
from serve.evaluation.question_set import Question


def judged_questions(connection: Connection, caller: Caller, scope: Scope) -> list[Question]:
    """What the feedback says for sure about questions, each question once, by its latest turn.

    A good answer says where the evidence is, or that the documents have none. Of a bad one, only
    that there is an answer to be found is taken, and only if the feedback says so: that it was
    incomplete, that its source was wrong, or that it should not have abstained.
    """
    judged = turns_where(connection, caller, feedback.c.turn_id.is_not(None), scope).values()
    return _unique(question for turn in judged if (question := _question(turn)))


def _unique(questions: Iterable[Question]) -> list[Question]:
    return list({question.question: question for question in questions}.values())


def _question(turn: StoredTurn) -> Question | None:
    if turn.feedback is None:
        return None
    # A follow-up question means something only in the words it was searched by.
    asked = turn.queries[-1] if turn.queries else turn.question
    if turn.feedback.value == "up":
        return _approved(asked, turn)
    says_answerable = turn.abstained or turn.feedback.reason in ("incomplete", "wrong_source")
    return Question(asked) if says_answerable else None


def _approved(asked: str, turn: StoredTurn) -> Question | None:
    if turn.abstained:
        return Question(asked, answerable=False)
    cited = [each for each in turn.citations if isinstance(each, Citation)]
    if not cited:
        return None
    first = cited[0]
    page = first.page if first.paged else None
    return Question(asked, document=first.document_name, page=page, quote=first.quote)
