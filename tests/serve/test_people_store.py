"""People, groups, sessions, keys and rights in SQL, on both databases."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection, func, select, update

from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.schema import api_keys, conversations, grants, people, sessions
from retrieval.types import Scope
from serve.caller import OPERATOR, Caller, Permission
from serve.conversations.store import create_conversation, get_conversation
from serve.oidc.identities import Subject, bind
from serve.people.errors import LastAdministrator, LinkInvalid, NameTaken, NotSignedIn
from serve.people.groups import create_group, delete_group, get_group, members_of, set_members
from serve.people.holding import check_still
from serve.people.keys import NewKey, caller_of_key, create_key, delete_key, list_keys
from serve.people.links import Purpose, create_link, first_link, link_of
from serve.people.rights import (
    Holder,
    Role,
    grant,
    list_grants,
    list_readers,
    revoke,
    roles_of,
    set_readers,
)
from serve.people.sessions import (
    LIFETIME_SECONDS,
    caller_of_session,
    list_sessions,
    open_session,
)
from serve.people.store import (
    activate,
    create_person,
    delete_person,
    has_administrator,
    is_anybody_there,
    person_of,
    set_administrator,
    set_password,
    suspend,
)
from serve.schemas import LARGEST_ID
from serve.scope import whole_scope
from tests.retrieval.filling import a_collection, published


def a_person(connection: Connection, name: str, *, is_administrator: bool = False) -> Caller:
    person = create_person(connection, name, is_administrator=is_administrator)
    return Caller(person.id, person.name, person.is_administrator)


def test_a_name_is_one_persons_however_it_is_written(database: Database) -> None:
    with database.write() as connection:
        person = create_person(connection, "Zoë  Weiß")
        assert person_of(connection, " ZOË weiss ").id == person.id
        with pytest.raises(NameTaken):
            create_person(connection, "zoe\u0308 WEISS")
        with pytest.raises(NotFound):
            person_of(connection, "Zoe Weiss")


def test_the_last_administrator_stays(database: Database) -> None:
    with database.write() as connection:
        only = create_person(connection, "Ada", is_administrator=True).id
        assert not has_administrator(connection)
        set_password(connection, only, "hash")
        assert has_administrator(connection)
        for act in (suspend, delete_person):
            with pytest.raises(LastAdministrator):
                act(connection, only)
        with pytest.raises(LastAdministrator):
            set_administrator(connection, only, False)
        other = create_person(connection, "Bea", is_administrator=True).id
        suspend(connection, other)
        with pytest.raises(LastAdministrator):
            delete_person(connection, only)
        activate(connection, other)
        delete_person(connection, only)


def test_the_first_link_ends_with_the_first_person(database: Database) -> None:
    with database.write() as connection:
        earlier, link = first_link(connection), first_link(connection)
        assert earlier is not None
        assert link is not None
        with pytest.raises(LinkInvalid):
            link_of(connection, earlier)
        assert link_of(connection, link).purpose is Purpose.FIRST_ADMINISTRATOR
        person = create_person(connection, "Ada").id
        assert is_anybody_there(connection)
        with pytest.raises(LinkInvalid):
            link_of(connection, link)
        assert first_link(connection) is None
        invitation = create_link(connection, person)
        assert link_of(connection, invitation).purpose is Purpose.INVITATION
        set_password(connection, person, "hash")
        with pytest.raises(LinkInvalid):
            link_of(connection, invitation)
        assert link_of(connection, create_link(connection, person)).purpose is Purpose.RESET


def test_sessions_and_keys_hold_until_they_are_ended(database: Database) -> None:
    with database.write() as connection:
        person = create_person(connection, "Ann").id
        token = open_session(connection, person, "browser")
        new = NewKey(person, "laptop", frozenset({Permission.ASK}))
        key, secret = create_key(connection, new)
        by_session, by_key = caller_of_session(connection, token), caller_of_key(connection, secret)
        assert by_session is not None
        assert by_key is not None
        assert by_key.caller.permissions == {Permission.ASK}
        assert caller_of_key(connection, token) is None
        assert caller_of_session(connection, secret) is None
        for found in (by_session, by_key):
            check_still(connection, found.caller)
        suspend(connection, person)
        assert caller_of_key(connection, secret) is None
        for found in (by_session, by_key):
            with pytest.raises(NotSignedIn):
                check_still(connection, found.caller)
        activate(connection, person)
        check_still(connection, by_key.caller)
        assert list_sessions(connection, person) == []
        with pytest.raises(NotSignedIn):
            check_still(connection, by_session.caller)
        delete_key(connection, key.id, person)
        with pytest.raises(NotSignedIn):
            check_still(connection, by_key.caller)
        check_still(connection, OPERATOR)


def test_keys_rest_while_the_provider_alone_says_who_comes_and_has_not_for_long(
    database: Database,
) -> None:
    with database.write() as connection:
        ada = create_person(connection, "Ada").id
        bind(connection, ada, Subject("https://id.example.org", "ada"))
        open_session(connection, ada, "", by_oidc=True)
        _, secret = create_key(connection, NewKey(ada, "script", frozenset({Permission.ASK})))
        found = caller_of_key(connection, secret)
        assert found is not None

        def came_ago(seconds: float) -> None:
            then = {"signed_in_at": time.time() - seconds}
            connection.execute(update(people).where(people.c.id == ada).values(then))

        came_ago(LIFETIME_SECONDS - 60)
        assert caller_of_key(connection, secret) is not None
        check_still(connection, found.caller)
        came_ago(LIFETIME_SECONDS + 60)
        with pytest.raises(NotSignedIn, match="rests"):
            caller_of_key(connection, secret)
        with pytest.raises(NotSignedIn):
            check_still(connection, found.caller)
        open_session(connection, ada, "", by_oidc=True)
        assert caller_of_key(connection, secret) is not None
        # A password is a way in of our own.
        came_ago(LIFETIME_SECONDS + 60)
        set_password(connection, ada, "hash")
        assert caller_of_key(connection, secret) is not None
        check_still(connection, found.caller)


def test_keys_of_who_has_not_come_yet_hold(database: Database) -> None:
    with database.write() as connection:
        script = create_person(connection, "Script").id
        _, secret = create_key(connection, NewKey(script, "k", frozenset({Permission.ASK})))
        found = caller_of_key(connection, secret)
        assert found is not None
        check_still(connection, found.caller)


def test_a_key_goes_with_the_one_that_it_was_made_with(database: Database) -> None:
    with database.write() as connection:
        ann, bea = (create_person(connection, name).id for name in ("Ann", "Bea"))

        def made(person: int, made_with: int | None = None) -> int:
            new = NewKey(person, "k", frozenset({Permission.ASK}), made_with=made_with)
            return create_key(connection, new)[0].id

        first = made(ann)
        second = made(ann, first)
        made(ann, second)
        other, hers = made(ann), made(bea)
        with pytest.raises(NotFound):
            delete_key(connection, first, bea)
        delete_key(connection, first, ann)
        assert [each.id for each in list_keys(connection, ann)] == [other]
        assert [each.id for each in list_keys(connection, bea)] == [hers]
        made(bea, hers)
        delete_person(connection, bea)
        assert connection.scalar(select(func.count()).select_from(api_keys)) == 1


def test_with_a_person_goes_all_that_was_theirs(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        ann = a_person(connection, "Ann")
        assert ann.person_id is not None
        open_session(connection, ann.person_id, "")
        create_key(connection, NewKey(ann.person_id, "k", frozenset({Permission.ASK})))
        grant(connection, collection, Holder(person_id=ann.person_id), Role.READER)
        create_conversation(connection, ann, "hers")
        kept = create_conversation(connection, OPERATOR, "ours")
        with pytest.raises(NotFound):
            get_conversation(connection, ann, kept.id)
        delete_person(connection, ann.person_id)
        for table, left in ((sessions, 0), (api_keys, 0), (grants, 0), (conversations, 1)):
            assert connection.scalar(select(func.count()).select_from(table)) == left


def test_a_group_has_exactly_the_people_it_was_last_given(database: Database) -> None:
    with database.write() as connection:
        ids = [create_person(connection, f"Person {number}").id for number in range(6)]
        team, other = (create_group(connection, name).id for name in ("team", "other"))
        set_members(connection, other, ids)
        for given in (ids[:3], ids[:3], ids[2:5] * 2, ids[:1], [], ids):
            set_members(connection, team, given)
            assert [each.id for each in members_of(connection, team)] == sorted(set(given))
            assert get_group(connection, team).member_count == len(set(given))
        assert [each.id for each in members_of(connection, other)] == ids


def test_a_group_stays_as_it_is_where_one_of_its_new_people_is_not_there(
    database: Database,
) -> None:
    with database.write() as connection:
        ann = create_person(connection, "Ann").id
        team = create_group(connection, "team").id
        set_members(connection, team, [ann])
    with pytest.raises(NotFound, match=str(LARGEST_ID)), database.write() as connection:
        set_members(connection, team, [ann, LARGEST_ID])
    with database.read() as connection:
        assert [each.id for each in members_of(connection, team)] == [ann]


def test_the_scope_is_what_is_granted_less_what_is_closed(database: Database) -> None:
    one, two = a_collection(database, "one"), a_collection(database, "two")
    shown = published(database, one, "shown.txt", "text")
    closed = published(database, one, "closed.txt", "text two")
    with database.write() as connection:
        ann, bea = a_person(connection, "Ann"), a_person(connection, "Bea")
        boss = a_person(connection, "Boss", is_administrator=True)
        own, hers = Holder(person_id=ann.person_id), Holder(person_id=bea.person_id)
        team = create_group(connection, "team").id
        assert whole_scope(connection, ann) == Scope()
        assert whole_scope(connection, boss) == Scope()
        assert whole_scope(connection, OPERATOR) == Scope(frozenset({one, two}))
        grant(connection, one, own, Role.READER)
        grant(connection, two, Holder(group_id=team), Role.WRITER)
        assert whole_scope(connection, ann) == Scope(frozenset({one}))
        assert ann.person_id is not None
        set_members(connection, team, [ann.person_id, ann.person_id])
        assert [each.name for each in members_of(connection, team)] == ["Ann"]
        assert whole_scope(connection, ann) == Scope(frozenset({one, two}))
        set_readers(connection, closed, [hers])
        expected = Scope(frozenset({one, two}), excluded=frozenset({closed}))
        assert whole_scope(connection, ann) == expected
        # To be named as a reader is nothing without the collection.
        assert whole_scope(connection, bea) == Scope()
        set_readers(connection, closed, [hers, Holder(group_id=team)])
        assert whole_scope(connection, ann) == Scope(frozenset({one, two}))
        delete_group(connection, team)
        only_one = Scope(frozenset({one}), excluded=frozenset({closed}))
        assert whole_scope(connection, ann) == only_one
        grant(connection, one, own, Role.MANAGER)
        assert whole_scope(connection, ann) == Scope(frozenset({one}))
        assert [(each.name, each.role) for each in list_grants(connection, one)] == [
            ("Ann", Role.MANAGER)
        ]
        readers = list_readers(connection, closed)
        assert readers is not None
        assert [each.name for each in readers] == ["Bea"]
        assert list_readers(connection, shown) is None
        suspend(connection, ann.person_id)
        assert whole_scope(connection, ann) == Scope()
        activate(connection, ann.person_id)
        revoke(connection, one, own)
        assert whole_scope(connection, ann) == Scope()


def test_of_two_grants_the_higher_counts_and_of_a_suspended_person_none(database: Database) -> None:
    home = a_collection(database, "one")
    closed = published(database, home, "closed.txt", "text")
    with database.write() as connection:
        ann = a_person(connection, "Ann")
        assert ann.person_id is not None
        team = create_group(connection, "team").id
        set_members(connection, team, [ann.person_id])
        set_readers(connection, closed, [])
        grant(connection, home, Holder(person_id=ann.person_id), Role.WRITER)
        grant(connection, home, Holder(group_id=team), Role.READER)
        assert roles_of(connection, ann) == {home: Role.WRITER}
        assert whole_scope(connection, ann).excluded == {closed}
        grant(connection, home, Holder(group_id=team), Role.MANAGER)
        assert roles_of(connection, ann) == {home: Role.MANAGER}
        assert not whole_scope(connection, ann).excluded
        suspend(connection, ann.person_id)
        assert whole_scope(connection, ann) == Scope()
