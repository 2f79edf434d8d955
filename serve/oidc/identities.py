"""Who people are to an OpenID provider, in SQL: known by issuer and subject, never by a name."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, insert, select, update

from retrieval.schema import group_members, groups, oidc_identities
from serve.audit.acts import Act
from serve.audit.log import note
from serve.people.errors import LastAdministrator
from serve.people.store import Person, get_person, set_administrator


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody as a provider knows them, for good."""

    issuer: str
    subject: str


def person_known_as(connection: Connection, subject: Subject) -> Person | None:
    """Who somebody is here, if they have come before."""
    query = select(oidc_identities.c.person_id).where(
        oidc_identities.c.issuer == subject.issuer, oidc_identities.c.subject == subject.subject
    )
    person_id = connection.scalar(query)
    return None if person_id is None else get_person(connection, person_id)


def bind(connection: Connection, person_id: int, subject: Subject) -> None:
    """Let a person be who the provider knows by that subject, in the place of any other there.

    What the provider gave goes on to be what it takes away.
    """
    gave = _gave_administration(connection, person_id)
    connection.execute(
        delete(oidc_identities).where(
            oidc_identities.c.person_id == person_id, oidc_identities.c.issuer == subject.issuer
        )
    )
    connection.execute(
        insert(oidc_identities).values(
            person_id=person_id,
            issuer=subject.issuer,
            subject=subject.subject,
            gave_administration=gave,
            created_at=time.time(),
        )
    )


def follow_groups(connection: Connection, person_id: int, names: AbstractSet[str]) -> None:
    """Let a person be in those groups, of all that the provider fills."""
    filled = connection.execute(select(groups.c.id, groups.c.name).where(groups.c.from_oidc)).all()
    held = and_(
        group_members.c.person_id == person_id,
        group_members.c.group_id.in_([each.id for each in filled]),
    )
    before = set(connection.scalars(select(group_members.c.group_id).where(held)))
    connection.execute(delete(group_members).where(held))
    rows = [{"group_id": each.id, "person_id": person_id} for each in filled if each.name in names]
    if rows:
        connection.execute(insert(group_members), rows)
    now = {each["group_id"] for each in rows}
    if now != before:
        subject = f"person:{person_id}"
        note(connection, Act.GROUPS_FOLLOWED, subject, groups=sorted(now), before=sorted(before))


def follow_administration(connection: Connection, person_id: int, is_named: bool) -> None:
    """Make a person an administrator, or no longer one where it was the provider that said so.

    The last administrator stays one.
    """
    given = _gave_administration(connection, person_id)
    is_administrator = get_person(connection, person_id).is_administrator
    if is_named and not is_administrator:
        set_administrator(connection, person_id, True)
    elif given and is_administrator and not is_named:
        try:
            set_administrator(connection, person_id, False)
        except LastAdministrator:
            return
    else:
        return
    ours = update(oidc_identities).where(oidc_identities.c.person_id == person_id)
    connection.execute(ours.values(gave_administration=is_named))


def _gave_administration(connection: Connection, person_id: int) -> bool:
    given = select(oidc_identities.c.id).where(
        oidc_identities.c.person_id == person_id, oidc_identities.c.gave_administration
    )
    return connection.scalar(given) is not None
