"""Groups of people in SQL, which can be granted what a person can."""

from __future__ import annotations

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from retrieval.errors import NotFound
from retrieval.schema import group_members, groups, people
from retrieval.store import among
from serve.audit.acts import Act
from serve.audit.log import note
from serve.people.errors import FilledByProvider, NameTaken
from serve.people.store import Person, get_person, list_people, moment


@dataclass(frozen=True, slots=True)
class Group:
    """A set of people."""

    id: int
    name: str
    created_at: datetime
    from_oidc: bool
    member_count: int


def create_group(connection: Connection, name: str) -> Group:
    """A new group without members.

    Raises:
        NameTaken: There is one of that name.
    """
    _refuse_taken_name(connection, name)
    query = insert(groups).values(name=name, created_at=time.time()).returning(groups.c.id)
    made = connection.execute(query).scalar_one()
    note(connection, Act.GROUP_CREATED, f"group:{made}", name=name)
    return get_group(connection, made)


def rename_group(connection: Connection, group_id: int, name: str) -> Group:
    """The group under its new name."""
    before = get_group(connection, group_id).name
    if before != name:
        _refuse_taken_name(connection, name)
        connection.execute(update(groups).where(groups.c.id == group_id).values(name=name))
        note(connection, Act.GROUP_RENAMED, f"group:{group_id}", name=name, before=before)
    return get_group(connection, group_id)


def set_from_oidc(connection: Connection, group_id: int, from_oidc: bool) -> Group:
    """Have the sign-in provider say who is in a group, from each next sign-in on, or no longer."""
    get_group(connection, group_id)
    connection.execute(update(groups).where(groups.c.id == group_id).values(from_oidc=from_oidc))
    note(connection, Act.GROUP_SOURCE_SET, f"group:{group_id}", from_oidc=from_oidc)
    return get_group(connection, group_id)


def _refuse_taken_name(connection: Connection, name: str) -> None:
    if connection.scalar(select(groups.c.id).where(groups.c.name == name)):
        raise NameTaken(f"There is a group named {name!r}.")


def get_group(connection: Connection, group_id: int) -> Group:
    """One group by its id."""
    return group_of(connection, group_id)


def group_of(connection: Connection, ref: int | str) -> Group:
    """One group by its id or its name."""
    condition = groups.c.id == ref if isinstance(ref, int) else groups.c.name == ref
    for row in _rows(connection, condition):
        return _group(row)
    raise NotFound(f"No group {ref!r}.")


def list_groups(connection: Connection) -> list[Group]:
    """All groups by name."""
    return [_group(row) for row in _rows(connection, groups.c.id.is_not(None))]


def _rows(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    return connection.execute(
        select(groups, func.count(group_members.c.person_id).label("member_count"))
        .outerjoin(group_members, group_members.c.group_id == groups.c.id)
        .where(condition)
        .group_by(groups.c.id)
        .order_by(groups.c.name)
    ).all()


def delete_group(connection: Connection, group_id: int) -> None:
    """Delete a group with what is granted to it; its members stay."""
    group = get_group(connection, group_id)
    note(connection, Act.GROUP_DELETED, f"group:{group_id}", name=group.name)
    connection.execute(delete(groups).where(groups.c.id == group_id))


def members_of(connection: Connection, group_id: int) -> list[Person]:
    """The people in a group, by name."""
    get_group(connection, group_id)
    inside = select(group_members.c.person_id).where(group_members.c.group_id == group_id)
    return list_people(connection, people.c.id.in_(inside))


def set_members(connection: Connection, group_id: int, person_ids: Sequence[int]) -> None:
    """Let exactly these people be in a group; only those who come or go are written.

    Raises:
        FilledByProvider: Who is in it is said elsewhere.
        NotFound: One of them is not there.
    """
    if get_group(connection, group_id).from_oidc:
        raise FilledByProvider(
            "The sign-in provider says who is in this group.",
            advice="Change it there, or fill the group by hand again.",
        )
    of_group = group_members.c.group_id == group_id
    before = set(connection.scalars(select(group_members.c.person_id).where(of_group)))
    wanted = set(person_ids)
    _put_in(connection, group_id, wanted - before)
    gone = among(group_members.c.person_id, before - wanted)
    connection.execute(delete(group_members).where(of_group, gone))
    note(connection, Act.GROUP_MEMBERS_SET, f"group:{group_id}", people=sorted(wanted))


def _put_in(connection: Connection, group_id: int, person_ids: AbstractSet[int]) -> None:
    there = select(people.c.id).where(among(people.c.id, person_ids))
    missing = person_ids - set(connection.scalars(there))
    if missing:
        get_person(connection, min(missing))
    of_group = literal(group_id, group_members.c.group_id.type)
    rows = select(of_group, people.c.id).where(among(people.c.id, person_ids))
    connection.execute(insert(group_members).from_select(["group_id", "person_id"], rows))


def _group(row: Row[Any]) -> Group:
    return Group(row.id, row.name, moment(row.created_at), row.from_oidc, row.member_count)
