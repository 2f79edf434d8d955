"""Turns in SQL: a question is written down when it is asked, its answer in one commit at its end.

``serve.conversations.turn_outcome`` writes the answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.schema import conversations, turns
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller
from serve.conversations.folding import folded
from serve.conversations.store import get_conversation, touch_conversation, tree_of, visible


class TurnState(StrEnum):
    """How far an answer came."""

    ANSWERING = "answering"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of the documents was asked: ids of collections and documents, or all; and ``k``.

    ``language`` is the one to answer in, or empty for that of the question. ``continues`` is the
    turn whose answer broke off and is continued, if so.
    """

    collections: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()
    k: int = 8
    language: str = ""
    continues: int | None = None


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A question that follows the turn ``parent_id``, or begins the conversation.

    ``begun`` is what there is of its answer already, in the quote protocol.
    """

    conversation_id: int
    parent_id: int | None
    question: str
    asked: Asked
    begun: str = ""


def new_turn(
    connection: Connection,
    caller: Caller,
    conversation_id: int,
    parent_id: int | None,
    question: str,
    asked: Asked,
) -> NewTurn:
    """A question after a turn; where none is named, after the one that is shown last.

    Raises:
        NotFound: The turn is none of this conversation.
    """
    if parent_id is None:
        parent_id = get_conversation(connection, caller, conversation_id).leaf_id
    elif parent_id not in tree_of(connection, caller, conversation_id).parents:
        raise NotFound(f"No turn {parent_id}.")
    return NewTurn(conversation_id, parent_id, question, asked)


def turn_beside(
    connection: Connection,
    caller: Caller,
    turn_id: int,
    question: str | None = None,
    language: str | None = None,
) -> NewTurn:
    """The same question again, or another, in the place of a turn; the language stays or not."""
    query = (
        select(turns)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(turns.c.id == turn_id, visible(caller))
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"No turn {turn_id}.")
    asked = replace(asked_of(row.asked), continues=None)
    if language is not None:
        asked = replace(asked, language=language)
    return NewTurn(row.conversation_id, row.parent_id, question or row.question, asked)


def asked_of(stored: Any) -> Asked:
    """What was asked, from how it is stored."""
    return Asked(
        tuple(stored["collections"]),
        tuple(stored["documents"]),
        stored["k"],
        stored.get("language", ""),
        stored.get("continues"),
    )


def begin_turn(connection: Connection, caller: Caller, new: NewTurn) -> int:
    """Write a question down, and show its branch; the id of its turn.

    Raises:
        NotFound: The conversation or the turn before it is gone.
    """
    if new.parent_id not in {None, *tree_of(connection, caller, new.conversation_id).parents}:
        raise NotFound(f"No turn {new.parent_id}.")
    asked = {
        "collections": list(new.asked.collections),
        "documents": list(new.asked.documents),
        "k": new.asked.k,
        "language": new.asked.language,
        "continues": new.asked.continues,
    }
    query = insert(turns).values(
        conversation_id=new.conversation_id,
        parent_id=new.parent_id,
        question=new.question,
        asked=asked,
        state=TurnState.ANSWERING.value,
        text=[],
        written=[],
        folded=folded(new.question),
        language="",
        support=0.0,
        abstained=False,
        grounded=False,
        truncated=False,
        opens_window=False,
        citation_count=0,
        struck=[],
        llm="",
        queries=[],
        retrieved_seconds=0.0,
        seconds=0.0,
        created_at=time.time(),
    )
    turn_id = int(connection.execute(query.returning(turns.c.id)).scalar_one())
    touch_conversation(connection, caller, new.conversation_id, turn_id, new.question)
    note(connection, Act.QUESTION_ASKED, f"turn:{turn_id}", conversation=new.conversation_id)
    return turn_id


def interrupt_unfinished(database: Database) -> int:
    """Mark the answers that a stop of the server cut off; how many. Only while none is written."""
    with database.write() as connection:
        return connection.execute(
            update(turns)
            .where(turns.c.state == TurnState.ANSWERING.value)
            .values(state=TurnState.INTERRUPTED.value, finished_at=time.time())
        ).rowcount
