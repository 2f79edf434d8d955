"""Who may read a document, told for its deletion: what was closed to somebody then stays so.

Until then the scope of each request says it, see ``Scope``; afterwards nobody can ask any more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    Select,
    Table,
    exists,
    or_,
    select,
    union_all,
    update,
)

from retrieval.schema import (
    conversations,
    document_readers,
    documents,
    grants,
    group_members,
    people,
    turn_documents,
    turns,
)

_SEES_RESTRICTED = "manager"


def close_answers(connection: Connection, document_id: int) -> None:
    """Close the answers that draw on a document for good, to those who may not read it now."""
    to_others = exists().where(
        turns.c.id == turn_documents.c.turn_id,
        conversations.c.id == turns.c.conversation_id,
        conversations.c.person_id.is_not(None),
        conversations.c.person_id.not_in(_readers(document_id)),
    )
    connection.execute(
        update(turn_documents)
        .where(turn_documents.c.document_id == document_id, to_others)
        .values(closed=True)
    )


def _readers(document_id: int) -> Select[Any]:
    """The people who may read a document; nobody who is suspended."""
    held = _by_person(grants, grants.c.collection_id, grants.c.role).subquery()
    named = _by_person(document_readers, document_readers.c.document_id).subquery()
    is_named = exists().where(
        named.c.document_id == document_id, named.c.person_id == held.c.person_id
    )
    return (
        select(held.c.person_id)
        .join(documents, documents.c.collection_id == held.c.collection_id)
        .join(people, people.c.id == held.c.person_id)
        .where(
            documents.c.id == document_id,
            people.c.suspended.is_(False),
            or_(documents.c.restricted.is_(False), held.c.role == _SEES_RESTRICTED, is_named),
        )
    )


def _by_person(table: Table, *columns: Column[Any]) -> CompoundSelect[Any]:
    """Rows that name a person or a group, one for each person whom they concern."""
    alone = select(*columns, table.c.person_id).where(table.c.person_id.is_not(None))
    in_groups = select(*columns, group_members.c.person_id).join_from(
        table, group_members, group_members.c.group_id == table.c.group_id
    )
    return union_all(alone, in_groups)
