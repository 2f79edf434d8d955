"""What an uploader may bring is asked for each file, in the transaction that takes it in."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection

from ingest.files import Originals
from ingest.intake import Intake, ReceivedFile
from retrieval.database import Database
from retrieval.errors import CloisterError, NotFound
from retrieval.store import DocumentFilter, list_documents
from serve.audit.documents import noted
from serve.caller import OPERATOR, Caller, Permission
from serve.files.uploader import CallerUploader
from serve.people.errors import NotAllowed, NotSignedIn
from serve.people.keys import NewKey, create_key, delete_key
from serve.people.quotas import DefaultQuotas, Quota
from serve.people.rights import Holder, Role, grant, revoke, set_readers
from serve.people.store import create_person, delete_person, suspend
from tests.retrieval.filling import a_collection, all_of

COLLECTION = 1
NO_QUOTAS = DefaultQuotas(Quota(), Quota())


def received(folder: Path, text: str, name: str) -> ReceivedFile:
    path = folder / name
    path.write_text(text)
    return ReceivedFile(path, name, sha256(text.encode()).hexdigest(), len(text))


def suspended(connection: Connection, writer: Caller) -> None:
    suspend(connection, writer.person_id or 0)


def deleted(connection: Connection, writer: Caller) -> None:
    delete_person(connection, writer.person_id or 0)


def without_key(connection: Connection, writer: Caller) -> None:
    delete_key(connection, writer.key_id or 0)


def without_grant(connection: Connection, writer: Caller) -> None:
    revoke(connection, COLLECTION, Holder(person_id=writer.person_id))


def only_reader(connection: Connection, writer: Caller) -> None:
    grant(connection, COLLECTION, Holder(person_id=writer.person_id), Role.READER)


@pytest.mark.parametrize(
    ("deed", "refusal"),
    [
        (suspended, NotSignedIn),
        (deleted, NotSignedIn),
        (without_key, NotSignedIn),
        (without_grant, NotAllowed),
        (only_reader, NotAllowed),
    ],
)
def test_an_upload_ends_with_the_right_to_write(
    database: Database,
    tmp_path: Path,
    deed: Callable[[Connection, Caller], None],
    refusal: type[CloisterError],
) -> None:
    assert a_collection(database) == COLLECTION
    intake = Intake(database, Originals((tmp_path / "originals").as_uri()), noted)
    theirs = CallerUploader(OPERATOR, NO_QUOTAS)
    closed = intake.accept(received(tmp_path, "closed", "closed.txt"), COLLECTION, theirs)
    with database.write() as connection:
        set_readers(connection, closed.document.id, [])
        person = create_person(connection, "Writer").id
        key, _ = create_key(connection, NewKey(person, "k", frozenset({Permission.INGEST})))
        grant(connection, COLLECTION, Holder(person_id=person), Role.WRITER)
    writer = Caller(person, "Writer", key_id=key.id)
    uploader = CallerUploader(writer, NO_QUOTAS)
    first = intake.accept(received(tmp_path, "first", "first.txt"), COLLECTION, uploader)
    with database.write() as connection:
        deed(connection, writer)
    # Something new, a new version of what is closed, and the very content of that.
    for text, name in (("second", "second.txt"), ("newer", "closed.txt"), ("closed", "a.txt")):
        with pytest.raises(refusal):
            intake.accept(received(tmp_path, text, name), COLLECTION, uploader)
    with pytest.raises(refusal):
        intake.delete(first.document.id, uploader)
    with database.read() as connection:
        left = list_documents(connection, DocumentFilter(all_of(COLLECTION)))
    assert [each.id for each in left] == [closed.document.id, first.document.id]


def test_what_was_closed_meanwhile_is_not_deleted(database: Database, tmp_path: Path) -> None:
    assert a_collection(database) == COLLECTION
    intake = Intake(database, Originals((tmp_path / "originals").as_uri()), noted)
    with database.write() as connection:
        person = create_person(connection, "Writer").id
        grant(connection, COLLECTION, Holder(person_id=person), Role.WRITER)
    uploader = CallerUploader(Caller(person, "Writer"), NO_QUOTAS)
    document = intake.accept(received(tmp_path, "text", "a.txt"), COLLECTION, uploader).document
    with database.write() as connection:
        set_readers(connection, document.id, [])
    with pytest.raises(NotFound):
        intake.delete(document.id, uploader)
    with database.write() as connection:
        set_readers(connection, document.id, None)
    intake.delete(document.id, uploader)
