"""Signing in: from a name and a password, or from a link, to a session."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.store import collection_named
from serve.audit.acts import Act
from serve.audit.journal import Journal
from serve.errors import InvalidRequest
from serve.kept_threads import KeptThreads
from serve.people.errors import LinkInvalid, SignInFailed, TooManyAttempts
from serve.people.links import Link, Purpose, link_of
from serve.people.passwords import check_strength, hash_of, is_right
from serve.people.rights import Holder, Role, grant
from serve.people.sessions import open_session
from serve.people.store import (
    KnownPassword,
    Person,
    create_person,
    folded_name,
    get_person,
    holds_still,
    known_password,
    set_password,
)
from serve.people.throttle import Guesses

_AGENT_CHARACTERS = 200
_MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where an attempt to sign in comes from."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and the token of the session that was opened."""

    person: Person
    token: str


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The ways in; ``home`` names the collection that a first administrator manages."""

    database: Database
    guesses: Guesses
    journal: Journal
    home: str
    threads: KeptThreads = field(default_factory=lambda: KeptThreads(_MOST_THREADS))
    """Who signs in waits for a core; others who ask do not wait with them."""

    def by_password(self, name: str, password: str, visitor: Visitor) -> SignedIn:
        """Open a session for who knows the password.

        Raises:
            SignInFailed: The password is wrong, or there is no such person, or not any more.
            TooManyAttempts: Too many were wrong.
        """
        known = self._proved(name, password, visitor)
        with self.database.write() as connection:
            _check_holds(connection, known)
            token = open_session(connection, known.person.id, agent_of(visitor))
            return SignedIn(get_person(connection, known.person.id), token)

    def by_link(self, token: str, name: str, password: str, visitor: Visitor) -> SignedIn:
        """Set the password of the person that a link is for, and open a session; the link ends.

        Raises:
            LinkInvalid: The link was used or is too old.
            WeakPassword: The password would be guessed.
            InvalidRequest: A first administrator gives no name.
            NameTaken: A first administrator has the name of somebody.
        """
        with self.database.read() as connection:
            link = link_of(connection, token)
            name = get_person(connection, link.person_id).name if link.person_id else name
        if not name:
            raise InvalidRequest("The first administrator needs a name.")
        check_strength(password, name)
        stored = hash_of(password)
        with self.database.write() as connection:
            person_id = self._let_in(connection, link_of(connection, token), name)
            set_password(connection, person_id, stored)
            opened = open_session(connection, person_id, agent_of(visitor))
            return SignedIn(get_person(connection, person_id), opened)

    def change_password(self, person_id: int, old: str, new: str, visitor: Visitor) -> SignedIn:
        """Take a new password from who knows the old one; every other session ends.

        Raises:
            SignInFailed: The old password is wrong, or not the person's any more.
            WeakPassword: The new one would be guessed.
        """
        with self.database.read() as connection:
            person = get_person(connection, person_id)
        known = self._proved(person.name, old, visitor)
        check_strength(new, person.name)
        stored = hash_of(new)
        with self.database.write() as connection:
            _check_holds(connection, known)
            set_password(connection, person.id, stored)
            opened = open_session(connection, person.id, agent_of(visitor))
            return SignedIn(get_person(connection, person.id), opened)

    def _proved(self, name: str, password: str, visitor: Visitor) -> KnownPassword:
        with self.database.read() as connection:
            known = known_password(connection, name)
        # Not the name that was typed: it may be the password.
        subject = f"person:{known.person.id}" if known else ""
        try:
            with self.guesses.attempt(folded_name(name), visitor.address):
                # The same work for a name that does not exist, so that time does not tell.
                right = is_right(password, known.stored if known else None)
                if known is None or not right or known.person.suspended:
                    raise _failed()
                return known
        except SignInFailed:
            self.journal.record(Act.SIGN_IN_FAILED, subject)
            raise
        except TooManyAttempts as error:
            if error.is_first:
                self.journal.record(Act.SIGN_IN_THROTTLED, subject)
            raise

    def _let_in(self, connection: Connection, link: Link, name: str) -> int:
        if link.person_id is not None:
            if get_person(connection, link.person_id).suspended:
                raise LinkInvalid("This link does not hold any more.")
            return link.person_id
        assert link.purpose is Purpose.FIRST_ADMINISTRATOR
        person = create_person(connection, name, is_administrator=True)
        try:
            home = collection_named(connection, self.home)
        except NotFound:
            return person.id
        grant(connection, home.id, Holder(person_id=person.id), Role.MANAGER)
        return person.id


def _check_holds(connection: Connection, known: KnownPassword) -> None:
    """Refuse a password that was changed, or whose person was suspended, while it was checked."""
    if not holds_still(connection, known):
        raise _failed()


def _failed() -> SignInFailed:
    return SignInFailed("Name and password do not belong together.")


def agent_of(visitor: Visitor) -> str:
    """What a visitor's browser calls itself, as far as it is kept."""
    return "".join(c for c in visitor.agent if c.isprintable())[:_AGENT_CHARACTERS]
