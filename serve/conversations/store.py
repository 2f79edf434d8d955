"""Conversations in SQL: made, found, named, shown at a branch, deleted with everything.

Functions take the connection of a transaction, as those of ``retrieval.store`` do. What is not
visible to the person does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    exists,
    insert,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)

from retrieval.errors import NotFound
from retrieval.schema import conversations, documents, quotes, turns
from retrieval.store import among, inside
from retrieval.types import Scope
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller
from serve.conversations.closing import draws_on_closed
from serve.conversations.folding import folded
from serve.conversations.turn_tree import TurnTree

_TITLE_CHARACTERS = 60
_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions and answers that follow each other.

    ``leaf_id`` is the turn at the end of the branch that is shown. ``titled_by_person`` is False
    while the title is the beginning of the first question.
    """

    id: int
    title: str
    titled_by_person: bool
    leaf_id: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list of conversations, after the one last changed at ``updated_at``."""

    updated_at: float
    id: int


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations a listing shows: those with all ``words``, after a position."""

    caller: Caller
    scope: Scope
    words: str = ""
    after: Position | None = None
    limit: int = 50


def visible(caller: Caller) -> ColumnElement[bool]:
    """Which conversations the caller may see: a person's own; for the operator, all."""
    return true() if caller.is_operator else conversations.c.person_id == caller.person_id


def create_conversation(connection: Connection, caller: Caller, title: str = "") -> Conversation:
    """A new conversation without turns; without a title it takes one from its first question."""
    now = _now()
    query = insert(conversations).values(
        title=title,
        folded_title=folded(title),
        titled_by_person=bool(title),
        person_id=caller.person_id,
        created_at=now,
        updated_at=now,
    )
    made = connection.execute(query.returning(conversations.c.id)).scalar_one()
    return get_conversation(connection, caller, made)


def get_conversation(connection: Connection, caller: Caller, conversation_id: int) -> Conversation:
    """One conversation by its id."""
    query = select(conversations).where(conversations.c.id == conversation_id, visible(caller))
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"No conversation {conversation_id}.")
    return _conversation(row)


def list_conversations(connection: Connection, wanted: ConversationFilter) -> list[Conversation]:
    """Conversations, the one last changed first; words are found without case and accents."""
    conditions = [visible(wanted.caller)]
    if wanted.after is not None:
        order = tuple_(conversations.c.updated_at, conversations.c.id)
        conditions.append(order < (wanted.after.updated_at, wanted.after.id))
    words = dict.fromkeys(folded(wanted.words).split())
    conditions += [
        _mentions(word, wanted.scope, _asked_in(connection, wanted, word))
        for word in list(words)[:_MOST_WORDS]
    ]
    rows = connection.execute(
        select(conversations)
        .where(*conditions)
        .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
        .limit(wanted.limit)
    )
    return [_conversation(row) for row in rows]


def _asked_in(connection: Connection, wanted: ConversationFilter, word: str) -> set[int]:
    """The turns with closed answers whose questions have a word: only with them is it shown."""
    rows = connection.execute(
        select(turns.c.id, turns.c.question)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(
            visible(wanted.caller),
            turns.c.folded.contains(word, autoescape=True),
            draws_on_closed(wanted.scope),
        )
    )
    return {row.id for row in rows if word in folded(row.question)}


def _mentions(word: str, scope: Scope, asked_in: set[int]) -> ColumnElement[bool]:
    of_this = turns.c.conversation_id == conversations.c.id
    said = exists().where(
        of_this,
        turns.c.folded.contains(word, autoescape=True),
        or_(not_(draws_on_closed(scope)), among(turns.c.id, asked_in)),
    )
    quoted = exists().where(
        of_this,
        not_(draws_on_closed(scope)),
        quotes.c.turn_id == turns.c.id,
        quotes.c.folded.contains(word, autoescape=True),
        documents.c.id == quotes.c.document_id,
        documents.c.seq.is_not(None),
        inside(scope),
    )
    titled = conversations.c.folded_title.contains(word, autoescape=True)
    return or_(titled, said, quoted)


def name_conversation(
    connection: Connection, caller: Caller, conversation_id: int, title: str
) -> None:
    """Give a conversation the title that a person chose."""
    _change(
        connection,
        caller,
        conversation_id,
        title=title,
        folded_title=folded(title),
        titled_by_person=True,
    )


def show_branch(connection: Connection, caller: Caller, conversation_id: int, turn_id: int) -> None:
    """Show the branch through a turn, to its newest end.

    Raises:
        NotFound: The turn is none of this conversation.
    """
    tree = tree_of(connection, caller, conversation_id)
    if turn_id not in tree.parents:
        raise NotFound(f"No turn {turn_id}.")
    _change(connection, caller, conversation_id, leaf_id=tree.newest_below(turn_id))


def touch_conversation(
    connection: Connection, caller: Caller, conversation_id: int, leaf_id: int, question: str
) -> None:
    """Note that a turn was added, which is shown now."""
    current = get_conversation(connection, caller, conversation_id)
    values: dict[str, object] = {"leaf_id": leaf_id, "updated_at": _now()}
    if not current.title:
        title = title_of(question)
        values |= {"title": title, "folded_title": folded(title)}
    _change(connection, caller, conversation_id, **values)


def delete_conversation(connection: Connection, caller: Caller, conversation_id: int) -> None:
    """Delete a conversation with all its turns, citations and feedback."""
    get_conversation(connection, caller, conversation_id)
    note(connection, Act.CONVERSATION_DELETED, f"conversation:{conversation_id}")
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))


def tree_of(connection: Connection, caller: Caller, conversation_id: int) -> TurnTree:
    """How the turns of a conversation follow each other."""
    get_conversation(connection, caller, conversation_id)
    rows = connection.execute(
        select(turns.c.id, turns.c.parent_id)
        .where(turns.c.conversation_id == conversation_id)
        .order_by(turns.c.id)
    )
    return TurnTree.of((row.id, row.parent_id) for row in rows)


def title_of(question: str) -> str:
    """The beginning of a question, to the end of a word."""
    line = " ".join(question.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    beginning = line[: _TITLE_CHARACTERS + 1]
    words, space, _ = beginning.rpartition(" ")
    return (words if space else beginning[:-1]).rstrip(" ,;:–-") + "…"


def _change(connection: Connection, caller: Caller, conversation_id: int, **values: object) -> None:
    get_conversation(connection, caller, conversation_id)
    connection.execute(
        update(conversations).where(conversations.c.id == conversation_id).values(**values)
    )


def _now() -> float:
    """The time in whole microseconds, so that a ``datetime`` gives it back as it is stored."""
    return datetime.now(UTC).timestamp()


def _conversation(row: Row[tuple[object, ...]]) -> Conversation:
    return Conversation(
        id=row.id,
        title=row.title,
        titled_by_person=row.titled_by_person,
        leaf_id=row.leaf_id,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
    )
