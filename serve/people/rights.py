"""Who may see and change what: grants of collections, and documents with readers of their own.

Nothing is allowed that is not granted. A manager sees every document of the collection, since a
manager says who reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    String,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    union_all,
    update,
)

from retrieval.schema import (
    collections,
    document_readers,
    documents,
    grants,
    group_members,
    groups,
    people,
)
from retrieval.store import among
from retrieval.versions import versions_of
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller


class Role(IntEnum):
    """What is granted of a collection; each includes those before it."""

    READER = 1
    WRITER = 2
    MANAGER = 3

    @classmethod
    def named(cls, name: str) -> Role:
        """The role of a name."""
        return cls[name.upper()]

    @property
    def word(self) -> Literal["reader", "writer", "manager"]:
        """Its name."""
        if self is Role.READER:
            return "reader"
        return "writer" if self is Role.WRITER else "manager"


@dataclass(frozen=True, slots=True)
class Holder:
    """A person or a group that something is granted to: one of the ids is set."""

    person_id: int | None = None
    group_id: int | None = None

    def named(self) -> str:
        """Which person or group it is."""
        return f"group:{self.group_id}" if self.person_id is None else f"person:{self.person_id}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a person or a group."""

    holder: Holder
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Reader:
    """Who may read a restricted document."""

    holder: Holder
    name: str


def roles_of(connection: Connection, caller: Caller) -> Mapping[int, Role]:
    """What is granted to the caller, alone or in a group, by collection; to the operator, all."""
    if caller.is_operator:
        everything = connection.scalar(select(_joined(collections.c.id)))
        return dict.fromkeys(_ids(everything), Role.MANAGER)
    rows = connection.execute(_GRANTED, {_CALLER: caller.person_id})
    given = {Role.named(word): _ids(joined) for word, joined in rows}
    found: dict[int, Role] = {}
    for role in sorted(given):
        found |= dict.fromkeys(given[role], role)
    return found


def closed_documents(
    connection: Connection, caller: Caller, roles: Mapping[int, Role]
) -> frozenset[int]:
    """The documents of granted collections that the caller is no reader of."""
    if caller.is_operator or all(role is Role.MANAGER for role in roles.values()):
        return frozenset()
    rows = connection.execute(_RESTRICTED_TO_OTHERS, {_CALLER: caller.person_id})
    closed = [
        _ids(joined) for home, joined in rows if roles.get(home, Role.MANAGER) is not Role.MANAGER
    ]
    return frozenset().union(*closed)


_CALLER = "caller_id"


def _joined(column: ColumnElement[int]) -> ColumnElement[str]:
    """All values of ids in one text: a thousand rows take longer to fetch than to find."""
    return func.aggregate_strings(cast(column, String), ",")


def _ids(joined: str | None) -> list[int]:
    return [int(each) for each in joined.split(",")] if joined else []


def _rows_for_caller(table: Table, *columns: Column[Any]) -> CompoundSelect[Any]:
    """Of rows that name a person or a group: those for the caller, unless suspended."""
    is_caller = and_(people.c.id == bindparam(_CALLER), people.c.suspended.is_(False))
    alone = select(*columns).join_from(table, people, table.c.person_id == people.c.id)
    in_groups = (
        select(*columns)
        .join_from(people, group_members, group_members.c.person_id == people.c.id)
        .join(table, table.c.group_id == group_members.c.group_id)
    )
    return union_all(alone.where(is_caller), in_groups.where(is_caller))


_GIVEN = _rows_for_caller(grants, grants.c.role, grants.c.collection_id).subquery()
_GRANTED = select(_GIVEN.c.role, _joined(_GIVEN.c.collection_id)).group_by(_GIVEN.c.role)
_RESTRICTED_TO_OTHERS = (
    select(documents.c.collection_id, _joined(documents.c.id))
    .where(
        documents.c.restricted,
        documents.c.id.not_in(_rows_for_caller(document_readers, document_readers.c.document_id)),
    )
    .group_by(documents.c.collection_id)
)


def list_grants(connection: Connection, collection_id: int) -> list[Grant]:
    """What is granted of a collection, groups first, each by name."""
    rows = _with_names(connection, grants, grants.c.collection_id == collection_id)
    return [
        Grant(Holder(row.person_id, row.group_id), row.holder_name, Role.named(row.role))
        for row in rows
    ]


def grant(connection: Connection, collection_id: int, holder: Holder, role: Role) -> None:
    """Give a person or a group a role, in the place of any other in the collection."""
    _take(connection, collection_id, holder)
    connection.execute(
        insert(grants).values(
            collection_id=collection_id,
            person_id=holder.person_id,
            group_id=holder.group_id,
            role=role.word,
        )
    )
    named = holder.named()
    note(connection, Act.GRANT_GIVEN, f"collection:{collection_id}", to=named, role=role.word)


def revoke(connection: Connection, collection_id: int, holder: Holder) -> None:
    """Take back whatever role a person or a group has."""
    _take(connection, collection_id, holder)
    note(connection, Act.GRANT_REVOKED, f"collection:{collection_id}", to=holder.named())


def _take(connection: Connection, collection_id: int, holder: Holder) -> None:
    connection.execute(
        delete(grants).where(grants.c.collection_id == collection_id, _is_held_by(grants, holder))
    )


def _is_held_by(table: Table, holder: Holder) -> ColumnElement[bool]:
    if holder.person_id is not None:
        return table.c.person_id == holder.person_id
    return table.c.group_id == holder.group_id


def list_readers(connection: Connection, document_id: int) -> list[Reader] | None:
    """Who may read a document, or nothing where it is open to all who see its collection."""
    if not connection.scalar(select(documents.c.restricted).where(documents.c.id == document_id)):
        return None
    rows = _with_names(connection, document_readers, document_readers.c.document_id == document_id)
    return [Reader(Holder(row.person_id, row.group_id), row.holder_name) for row in rows]


def set_readers(connection: Connection, document_id: int, holders: Sequence[Holder] | None) -> None:
    """Let only these read a document, or all who see its collection; its versions go with it."""
    versions = sorted(versions_of(connection, document_id))
    connection.execute(
        update(documents)
        .where(among(documents.c.id, versions))
        .values(restricted=holders is not None)
    )
    connection.execute(
        delete(document_readers).where(among(document_readers.c.document_id, versions))
    )
    rows = [
        {"document_id": version, "person_id": each.person_id, "group_id": each.group_id}
        for version in versions
        for each in dict.fromkeys(holders or ())
    ]
    if rows:
        connection.execute(insert(document_readers), rows)
    readers = None if holders is None else [each.named() for each in dict.fromkeys(holders)]
    note(connection, Act.READERS_SET, f"document:{document_id}", readers=readers)


def _with_names(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Any:
    return connection.execute(
        select(table, func.coalesce(people.c.name, groups.c.name).label("holder_name"))
        .outerjoin(people, people.c.id == table.c.person_id)
        .outerjoin(groups, groups.c.id == table.c.group_id)
        .where(condition)
        .order_by(people.c.name.is_not(None), "holder_name")
    ).all()
