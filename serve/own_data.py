"""What somebody has of their own here: taken along in one file, and deleted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import asdict
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, delete

from retrieval.database import Database
from retrieval.schema import conversations
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller
from serve.conversations.export import markdown_of
from serve.conversations.history import read_turns
from serve.conversations.shapes import conversation_export
from serve.conversations.store import (
    Conversation,
    ConversationFilter,
    Position,
    list_conversations,
    tree_of,
)
from serve.people.keys import list_keys
from serve.people.sessions import list_sessions
from serve.people.store import get_person
from serve.scope import whole_scope

FILE_NAME = "cloister.zip"

_IN_MEMORY = 4 << 20
_PIECE = 256 << 10
_AT_ONCE = 50


def exported(database: Database, caller: Caller, person_id: int) -> IO[bytes]:
    """A ZIP file, at its beginning, with the account and all conversations of a person.

    Each conversation is there with all its turns and feedback as JSON, and as Markdown to be read.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - returned
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with database.read() as connection:
            archive.writestr("account.json", _json(_account(connection, person_id)))
        for conversation in _conversations(database, caller):
            with database.read() as connection:
                _add(archive, connection, caller, conversation)
    file.seek(0)
    return file


def pieces(file: IO[bytes]) -> Generator[bytes, None, None]:
    """A file piece by piece; it is closed at its end."""
    with file:
        while piece := file.read(_PIECE):
            yield piece


def delete_conversations(connection: Connection, person_id: int) -> int:
    """Delete all conversations of a person; how many there were."""
    query = delete(conversations).where(conversations.c.person_id == person_id)
    count = connection.execute(query).rowcount
    note(connection, Act.OWN_CONVERSATIONS_DELETED, f"person:{person_id}", conversations=count)
    return count


def _account(connection: Connection, person_id: int) -> dict[str, Any]:
    return {
        "person": asdict(get_person(connection, person_id)),
        "sessions": [asdict(each) for each in list_sessions(connection, person_id)],
        "keys": [asdict(each) for each in list_keys(connection, person_id)],
    }


def _conversations(database: Database, caller: Caller) -> Iterator[Conversation]:
    after: Position | None = None
    while True:
        with database.read() as connection:
            scope = whole_scope(connection, caller)
            wanted = ConversationFilter(caller, scope, after=after, limit=_AT_ONCE)
            found = list_conversations(connection, wanted)
        yield from found
        if len(found) < _AT_ONCE:
            return
        after = Position(found[-1].updated_at.timestamp(), found[-1].id)


def _add(
    archive: ZipFile, connection: Connection, caller: Caller, conversation: Conversation
) -> None:
    tree = tree_of(connection, caller, conversation.id)
    turns = read_turns(connection, caller, conversation.id, whole_scope(connection, caller))
    stem = f"conversations/{conversation.id}"
    whole = conversation_export(conversation, tree, turns)
    archive.writestr(f"{stem}.json", whole.model_dump_json(indent=2))
    branch = [turns[each] for each in tree.path(conversation.leaf_id)]
    archive.writestr(f"{stem}.md", markdown_of(conversation, branch))


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False, indent=2)
