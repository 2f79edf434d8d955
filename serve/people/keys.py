"""API keys of people in SQL: named, limited to permissions, shown once."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from retrieval.errors import NotFound
from retrieval.schema import api_keys, oidc_identities, people
from retrieval.store import among
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller, Permission
from serve.people.errors import NotSignedIn
from serve.people.sessions import LIFETIME_SECONDS, Found
from serve.people.store import get_person, moment
from serve.people.tokens import KEY, new_token, sha256_of

_NOTED_SECONDS = 60.0
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret, but for how that ends."""

    id: int
    person_id: int
    name: str
    ending: str
    permissions: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made, perhaps with another key; ``expires_at`` is in Unix seconds."""

    person_id: int
    name: str
    permissions: AbstractSet[Permission]
    expires_at: float | None = None
    made_with: int | None = None


def create_key(connection: Connection, new: NewKey) -> tuple[Key, str]:
    """A new key and its secret, which is kept nowhere."""
    get_person(connection, new.person_id)
    token = new_token(KEY)
    made = connection.execute(
        insert(api_keys)
        .values(
            person_id=new.person_id,
            name=new.name,
            ending=token[-_SHOWN:],
            token_sha256=sha256_of(token),
            permissions=sorted(each.value for each in new.permissions),
            created_at=time.time(),
            expires_at=new.expires_at,
            made_with=new.made_with,
        )
        .returning(api_keys.c.id)
    ).scalar_one()
    key = next(each for each in list_keys(connection, new.person_id) if each.id == made)
    note(
        connection,
        Act.KEY_CREATED,
        f"key:{made}",
        person=new.person_id,
        name=new.name,
        permissions=[each.value for each in key.permissions],
    )
    return key, token


def list_keys(connection: Connection, person_id: int) -> list[Key]:
    """The keys of a person in the order they were made."""
    rows = connection.execute(
        select(api_keys).where(api_keys.c.person_id == person_id).order_by(api_keys.c.id)
    )
    return [
        Key(
            id=row.id,
            person_id=row.person_id,
            name=row.name,
            ending=row.ending,
            permissions=tuple(Permission(each) for each in row.permissions),
            created_at=moment(row.created_at),
            expires_at=None if row.expires_at is None else moment(row.expires_at),
            used_at=None if row.used_at is None else moment(row.used_at),
        )
        for row in rows
    ]


def expiry_of(connection: Connection, key_id: int) -> float | None:
    """When a key ends, in Unix seconds; None for never.

    Raises:
        NotFound: It was deleted.
    """
    row = connection.execute(select(api_keys.c.expires_at).where(api_keys.c.id == key_id)).first()
    if row is None:
        raise NotFound(f"No key {key_id}.")
    expires_at: float | None = row.expires_at
    return expires_at


def earlier(one: float | None, other: float | None) -> float | None:
    """The earlier of two times at which keys end, of which None is never."""
    return min((each for each in (one, other) if each is not None), default=None)


def delete_key(connection: Connection, key_id: int, person_id: int | None = None) -> None:
    """Delete a key, of this person where one is given, and those that were made with it.

    Raises:
        NotFound: The person has no such key.
    """
    query = select(api_keys.c.id).where(api_keys.c.id == key_id)
    if person_id is not None:
        query = query.where(api_keys.c.person_id == person_id)
    ends = query.cte("ends", recursive=True)
    made = select(api_keys.c.id).join(ends, api_keys.c.made_with == ends.c.id)
    ended = sorted(connection.scalars(select(ends.union(made).c.id)))
    if not ended:
        raise NotFound(f"No key {key_id}.")
    connection.execute(delete(api_keys).where(among(api_keys.c.id, ended)))
    for each in ended:
        note(connection, Act.KEY_DELETED, f"key:{each}")


def caller_of_key(connection: Connection, token: str) -> Found | None:
    """Who comes with a key; nobody where it has expired or the person is suspended.

    Raises:
        NotSignedIn: It rests until the person has signed in with the provider again.
    """
    now = time.time()
    asked = {"sha256": sha256_of(token), "now": now, "last": now - LIFETIME_SECONDS}
    row = connection.execute(_HOLDER, asked).first()
    if row is None:
        return None
    if row.rests:
        raise NotSignedIn(
            "The key rests: its person has not signed in with the provider for 30 days.",
            advice="Sign in with the provider once, and it holds again.",
        )
    permissions = frozenset(Permission(each) for each in row.permissions)
    is_administrator = row.is_administrator and Permission.ADMIN in permissions
    caller = Caller(row.person_id, row.name, is_administrator, permissions, key_id=row.id)
    return Found(caller, row.used_at is None or row.used_at < now - _NOTED_SECONDS)


def keys_rest(last: ColumnElement[float]) -> ColumnElement[bool]:
    """Whether keys of a person do nothing, since only the provider says who that is.

    It has not said so since ``last``, in Unix seconds, and may know nothing of the person any more.
    """
    has_identity = exists().where(oidc_identities.c.person_id == people.c.id)
    is_long_ago = func.coalesce(people.c.signed_in_at, 0.0) <= last
    return and_(people.c.password_hash.is_(None), has_identity, is_long_ago)


_HOLDER = (
    select(api_keys.c.id, api_keys.c.permissions, api_keys.c.used_at)
    .add_columns(people.c.id.label("person_id"), people.c.name, people.c.is_administrator)
    .add_columns(keys_rest(bindparam("last", type_=Double)).label("rests"))
    .join(people, people.c.id == api_keys.c.person_id)
    .where(
        api_keys.c.token_sha256 == bindparam("sha256"),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")),
        people.c.suspended.is_(False),
    )
)


def note_key_use(connection: Connection, key_id: int) -> None:
    """Note that a key is in use."""
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=time.time()))
