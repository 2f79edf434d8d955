"""People in SQL: invited, found, suspended, deleted.

Functions take the connection of a transaction, as those of ``retrieval.store`` do.
"""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from retrieval.errors import NotFound
from retrieval.schema import conversations, oidc_identities, people, sessions, sign_in_links
from serve.audit.acts import Act
from serve.audit.log import note
from serve.people.errors import LastAdministrator, NameTaken


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in; without password and identity at a provider only by a link."""

    id: int
    name: str
    is_administrator: bool
    suspended: bool
    has_password: bool
    has_identity: bool
    created_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """What is kept of a person's password."""

    person: Person
    stored: str | None


def folded_name(name: str) -> str:
    """The name without what a person may type otherwise: case, and how letters are composed."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:400]


def create_person(connection: Connection, name: str, *, is_administrator: bool = False) -> Person:
    """A new person without a password; links for a first administrator end with that.

    Raises:
        NameTaken: Somebody has the name.
    """
    folded = folded_name(name)
    if connection.scalar(select(people.c.id).where(people.c.folded_name == folded)):
        raise NameTaken(f"There is a person named {name!r}.")
    connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id.is_(None)))
    made = connection.execute(
        insert(people)
        .values(
            name=name,
            folded_name=folded,
            is_administrator=is_administrator,
            suspended=False,
            created_at=time.time(),
        )
        .returning(people.c.id)
    ).scalar_one()
    return _noted(connection, Act.PERSON_CREATED, made, administrator=is_administrator)


def get_person(connection: Connection, person_id: int) -> Person:
    """One person by the id."""
    return _one(connection, people.c.id == person_id, str(person_id))


def person_of(connection: Connection, ref: int | str) -> Person:
    """One person by the id or the name."""
    if isinstance(ref, int):
        return get_person(connection, ref)
    return _one(connection, people.c.folded_name == folded_name(ref), repr(ref))


def _one(connection: Connection, condition: ColumnElement[bool], ref: str) -> Person:
    row = connection.execute(_everything().where(condition)).first()
    if row is None:
        raise NotFound(f"No person {ref}.", advice="List them: cloister people list")
    return person_of_row(row)


def _everything() -> Select[Any]:
    identity = exists().where(oidc_identities.c.person_id == people.c.id)
    return select(people, identity.label("has_identity"))


def list_people(
    connection: Connection, condition: ColumnElement[bool] | None = None
) -> list[Person]:
    """All people by name, or those of whom a condition holds."""
    query = _everything().order_by(people.c.folded_name)
    rows = connection.execute(query if condition is None else query.where(condition))
    return [person_of_row(row) for row in rows]


def known_password(connection: Connection, name: str) -> KnownPassword | None:
    """What is kept for who signs in under a name; nothing where there is no such person."""
    query = _everything().where(people.c.folded_name == folded_name(name))
    row = connection.execute(query).first()
    return None if row is None else KnownPassword(person_of_row(row), row.password_hash)


def holds_still(connection: Connection, known: KnownPassword) -> bool:
    """Whether a password is still that of its person, who is not suspended."""
    query = select(people.c.id).where(
        people.c.id == known.person.id,
        people.c.password_hash == known.stored,
        people.c.suspended.is_(False),
    )
    return connection.scalar(query) is not None


def is_anybody_there(connection: Connection) -> bool:
    """Whether there is a person at all."""
    return connection.scalar(select(people.c.id).limit(1)) is not None


def has_administrator(connection: Connection) -> bool:
    """Whether an administrator can sign in with a password."""
    return _administrators(connection, people.c.password_hash.is_not(None)) > 0


def _administrators(connection: Connection, condition: ColumnElement[bool]) -> int:
    return int(
        connection.scalar(
            select(func.count())
            .select_from(people)
            .where(people.c.is_administrator, people.c.suspended.is_(False), condition)
        )
        or 0
    )


def set_password(connection: Connection, person_id: int, stored: str) -> None:
    """Take a password's hash, and end every session and link from before."""
    person = get_person(connection, person_id)
    note(connection, Act.PASSWORD_SET, f"person:{person_id}", name=person.name)
    connection.execute(update(people).where(people.c.id == person_id).values(password_hash=stored))
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))
    connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id == person_id))


def suspend(connection: Connection, person_id: int) -> Person:
    """End every session and link of a person; keys and passwords do nothing until ``activate``.

    Raises:
        LastAdministrator: There is no other administrator who could undo it.
    """
    _refuse_last_administrator(connection, person_id)
    connection.execute(update(people).where(people.c.id == person_id).values(suspended=True))
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))
    connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id == person_id))
    return _noted(connection, Act.PERSON_SUSPENDED, person_id)


def activate(connection: Connection, person_id: int) -> Person:
    """Let a suspended person in again."""
    get_person(connection, person_id)
    connection.execute(update(people).where(people.c.id == person_id).values(suspended=False))
    return _noted(connection, Act.PERSON_ACTIVATED, person_id)


def set_administrator(connection: Connection, person_id: int, is_administrator: bool) -> Person:
    """Make a person an administrator, or no longer one.

    Raises:
        LastAdministrator: Nobody else is one.
    """
    if not is_administrator:
        _refuse_last_administrator(connection, person_id)
    query = update(people).where(people.c.id == person_id)
    connection.execute(query.values(is_administrator=is_administrator))
    return _noted(connection, Act.PERSON_ROLE_SET, person_id, administrator=is_administrator)


def _noted(connection: Connection, act: Act, person_id: int, **details: Any) -> Person:
    person = get_person(connection, person_id)
    note(connection, act, f"person:{person_id}", name=person.name, **details)
    return person


def delete_person(connection: Connection, person_id: int) -> None:
    """Delete a person with keys, grants and conversations.

    Raises:
        LastAdministrator: Nobody else is one.
    """
    _refuse_last_administrator(connection, person_id)
    _noted(connection, Act.PERSON_DELETED, person_id)
    connection.execute(delete(conversations).where(conversations.c.person_id == person_id))
    connection.execute(delete(people).where(people.c.id == person_id))


def _refuse_last_administrator(connection: Connection, person_id: int) -> None:
    person = get_person(connection, person_id)
    needed = person.is_administrator and not person.suspended
    if needed and not _administrators(connection, people.c.id != person_id):
        raise LastAdministrator(
            f"{person.name} is the only administrator.", advice="Make another one first."
        )


def person_of_row(row: Row[Any]) -> Person:
    """A person from a full row of the table."""
    return Person(
        id=row.id,
        name=row.name,
        is_administrator=row.is_administrator,
        suspended=row.suspended,
        has_password=row.password_hash is not None,
        has_identity=row.has_identity,
        created_at=moment(row.created_at),
        signed_in_at=None if row.signed_in_at is None else moment(row.signed_in_at),
    )


def moment(seconds: float) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(seconds, UTC)
