"""Signing in takes the same work whoever is named, so that its time tells nobody who is there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from anyio import to_thread
from argon2 import Parameters, PasswordHasher, extract_parameters

from retrieval.database import Database
from serve.audit.journal import Journal
from serve.people.errors import SignInFailed
from serve.people.passwords import hash_of
from serve.people.signing_in import SigningIn, Visitor
from serve.people.store import create_person, set_password, suspend
from serve.people.throttle import Guesses

RIGHT, WRONG = "quartz lantern ferry moss", "quartz lantern ferry mess"


@pytest.fixture
def signing_in(database: Database) -> Iterator[SigningIn]:
    with database.write() as connection:
        for name, is_administrator in (("Ann", True), ("Suspended", False)):
            person = create_person(connection, name, is_administrator=is_administrator)
            set_password(connection, person.id, hash_of(RIGHT))
        suspend(connection, person.id)
        create_person(connection, "Invited")
    journal = Journal(database)
    journal.start()
    yield SigningIn(database, Guesses(), journal, "home")
    journal.close()


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[Parameters]:
    """The work of each verification that is made, which is made all the same."""
    works: list[Parameters] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        works.append(extract_parameters(stored))
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    return works


def test_every_refusal_takes_one_verification_of_the_same_work(
    signing_in: SigningIn, verified: list[Parameters]
) -> None:
    for name in ("Nobody", "Invited", "Suspended", "Ann"):
        for password in (RIGHT, WRONG):
            if (name, password) != ("Ann", RIGHT):
                with pytest.raises(SignInFailed):
                    signing_in.by_password(name, password, Visitor("10.0.0.1"))
    assert len(verified) == 7
    assert len(set(map(str, verified))) == 1


def test_who_is_let_in_takes_no_other(signing_in: SigningIn, verified: list[Parameters]) -> None:
    signing_in.by_password("Ann", RIGHT, Visitor("10.0.0.1"))
    with pytest.raises(SignInFailed):
        signing_in.by_password("Nobody", RIGHT, Visitor("10.0.0.1"))
    let_in, refused = verified
    assert let_in == refused


def test_who_signs_in_takes_no_thread_from_other_requests(signing_in: SigningIn) -> None:
    async def main() -> None:
        checked = threading.Event()
        checking = [asyncio.create_task(signing_in.threads.run(checked.wait)) for _ in range(100)]
        await to_thread.run_sync(lambda: None)
        assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
        checked.set()
        assert all(await asyncio.gather(*checking))

    asyncio.run(main())
