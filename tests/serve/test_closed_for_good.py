"""What a deletion closes is what its reader's scope closed until then, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, select

from retrieval.database import Database
from retrieval.schema import turn_documents
from retrieval.store import delete_document, get_document
from serve.caller import OPERATOR, Caller
from serve.conversations.store import create_conversation
from serve.conversations.turns import Asked, NewTurn, begin_turn
from serve.people.groups import create_group, set_members
from serve.people.rights import Holder, Role, grant, set_readers
from serve.people.store import create_person, suspend
from serve.scope import whole_scope
from tests.retrieval.filling import a_collection, published


def people_of(connection: Connection, collection: int) -> tuple[list[Caller], list[Holder]]:
    """People with every kind of right in a collection, and the readers that some of them are."""
    names = ("reader", "member", "named", "named member", "manager", "suspended", "stranger")
    people = {name: create_person(connection, name).id for name in names}
    granted, named = (create_group(connection, name).id for name in ("granted", "readers"))
    set_members(connection, granted, [people["member"], people["named member"]])
    set_members(connection, named, [people["named member"], people["stranger"]])
    for name in ("reader", "named", "suspended"):
        grant(connection, collection, Holder(person_id=people[name]), Role.READER)
    grant(connection, collection, Holder(person_id=people["manager"]), Role.MANAGER)
    grant(connection, collection, Holder(group_id=granted), Role.READER)
    suspend(connection, people["suspended"])
    callers = [OPERATOR, *(Caller(number, name) for name, number in people.items())]
    readers = [Holder(person_id=people[name]) for name in ("named", "suspended")]
    return callers, [*readers, Holder(group_id=named)]


def a_turn(connection: Connection, caller: Caller) -> int:
    conversation = create_conversation(connection, caller)
    return begin_turn(connection, caller, NewTurn(conversation.id, None, "What?", Asked()))


@pytest.mark.parametrize("restricted", [False, True])
def test_an_answer_is_closed_to_whom_the_document_was(database: Database, restricted: bool) -> None:
    collection = a_collection(database)
    document = published(database, collection, "a.txt", "text")
    with database.write() as connection:
        callers, readers = people_of(connection, collection)
        if restricted:
            set_readers(connection, document, readers)
        found = get_document(connection, document)
        expected = {}
        for caller in callers:
            turn = a_turn(connection, caller)
            row = {"turn_id": turn, "document_id": document, "closed": False}
            connection.execute(insert(turn_documents).values(row))
            seen = whole_scope(connection, caller).allows(found.collection_id, document)
            expected[turn] = not seen
        delete_document(connection, document)
        rows = connection.execute(select(turn_documents.c.turn_id, turn_documents.c.closed))
        assert {row.turn_id: row.closed for row in rows} == expected
    assert list(expected.values()).count(True) == (4 if restricted else 2)
