"""What happens to an account while its password is being checked counts as well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, func, select

from retrieval.database import Database
from retrieval.schema import sessions
from serve.audit.journal import Journal
from serve.people.errors import SignInFailed
from serve.people.passwords import hash_of
from serve.people.signing_in import SigningIn, Visitor
from serve.people.store import Person, create_person, delete_person, set_password, suspend
from serve.people.throttle import Guesses

OLD, NEW, OWN = "quartz lantern ferry moss", "velvet anchor plum drum", "copper saddle mint owl"
HERE = Visitor("10.0.0.1")


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    running = Journal(database)
    running.start()
    yield running
    running.close()


@pytest.fixture
def ann(database: Database) -> Person:
    with database.write() as connection:
        person = create_person(connection, "Ann")
        set_password(connection, person.id, hash_of(OLD))
        return person


def changed(connection: Connection, person: Person) -> None:
    set_password(connection, person.id, hash_of(NEW))


def suspended(connection: Connection, person: Person) -> None:
    suspend(connection, person.id)


def deleted(connection: Connection, person: Person) -> None:
    delete_person(connection, person.id)


def signed_in(signing_in: SigningIn, person: Person) -> None:
    signing_in.by_password(person.name, OLD, HERE)


def password_changed(signing_in: SigningIn, person: Person) -> None:
    signing_in.change_password(person.id, OLD, OWN, HERE)


@pytest.mark.parametrize("act", [signed_in, password_changed])
@pytest.mark.parametrize("deed", [changed, suspended, deleted])
def test_what_was_proved_before_opens_nothing(
    database: Database,
    journal: Journal,
    ann: Person,
    deed: Callable[[Connection, Person], None],
    act: Callable[[SigningIn, Person], None],
) -> None:
    def clock() -> float:
        """Asked for between the reading of the password and its check."""
        with database.write() as connection:
            deed(connection, ann)
        return time.monotonic()

    with pytest.raises(SignInFailed):
        act(SigningIn(database, Guesses(clock), journal, "home"), ann)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(sessions)) == 0
    if deed is changed:
        SigningIn(database, Guesses(), journal, "home").by_password("Ann", NEW, HERE)
