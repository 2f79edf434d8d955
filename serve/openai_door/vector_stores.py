"""Collections as vector stores of OpenAI's API: ``vs_3`` is collection 3.

A document lives in one collection. A file that is taken into another one becomes a second document
there, of the same content, and answers in it to the id of the first, as clients expect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ingest.intake import ReceivedFile
from retrieval.errors import NotFound
from retrieval.schema import documents
from retrieval.store import get_document, inside
from retrieval.types import Collection, Document, Hit, Scope
from serve.backend import Backend
from serve.caller import Caller
from serve.files.uploader import CallerUploader, default_quotas
from serve.openai_door.files import document_of_file, no_such_file, number_of
from serve.openai_door.store_counts import StoreCounts, status_of
from serve.people.rights import Role
from serve.scope import check_role, collection_of, scope_of, whole_scope

_ID = re.compile(r"vs_(\d{1,19})", re.ASCII)
_UNREADABLE = {"unsupported_format", "no_text_found", "empty_file"}


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A document of a collection under the id that a program knows it by."""

    id: str
    document: Document


def store_object(collection: Collection, counts: StoreCounts) -> dict[str, Any]:
    """A collection for the wire."""
    by_status = {
        "in_progress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
    }
    created = int(collection.created_at.timestamp())
    return {
        "id": f"vs_{collection.id}",
        "object": "vector_store",
        "created_at": created,
        "name": collection.name,
        "usage_bytes": counts.size_bytes,
        "file_counts": by_status | {"total": sum(by_status.values())},
        "status": "in_progress" if counts.in_progress else "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": created,
        "metadata": {},
    }


def store_file_object(file: StoreFile) -> dict[str, Any]:
    """A document of a collection for the wire."""
    document, status = file.document, status_of(file.document)
    error = None
    if status == "failed":
        code = "unsupported_file" if document.error_code in _UNREADABLE else "invalid_file"
        message = document.error_message or "The file could not be taken in."
        error = {"code": code, "message": message, "cloister_code": document.error_code}
    return {
        "id": file.id,
        "object": "vector_store.file",
        "created_at": int(document.created_at.timestamp()),
        "vector_store_id": f"vs_{document.collection_id}",
        "usage_bytes": document.size_bytes,
        "status": status,
        "last_error": error,
        "attributes": {},
        "chunking_strategy": {"type": "other"},
        "document_id": document.id,
    }


def found_object(hit: Hit) -> dict[str, Any]:
    """A passage that a search found, for the wire."""
    stored = hit.stored
    attributes: dict[str, Any] = {"chunk_id": stored.id}
    if stored.paged:
        attributes["page"] = stored.chunk.page
    return {
        "file_id": f"file-{stored.document_id}",
        "filename": stored.document_name,
        "score": min(hit.score, 1.0),
        "attributes": attributes,
        "content": [{"type": "text", "text": stored.chunk.text}],
    }


def collection_of_store(connection: Connection, caller: Caller, store_id: str) -> Collection:
    """The collection of a vector store's id.

    Raises:
        NotFound: There is none that the person may know of.
    """
    number = number_of(_ID, store_id)
    missing = NotFound(
        f"No vector store {store_id[:40]!r}.", advice="GET /v1/vector_stores lists them."
    )
    if number is None:
        raise missing
    try:
        return collection_of(connection, caller, number)
    except NotFound:
        raise missing from None


def store_scope(connection: Connection, caller: Caller, store_id: str) -> Scope:
    """The documents of a vector store that the person may see."""
    collection = collection_of_store(connection, caller, store_id)
    return scope_of(connection, caller, [collection.id])


def file_in_store(connection: Connection, caller: Caller, store_id: str, file_id: str) -> StoreFile:
    """A file in a vector store: the document itself, or the one of the same content there.

    Raises:
        NotFound: There is none that the person may know of.
    """
    collection = collection_of_store(connection, caller, store_id)
    document = document_of_file(connection, caller, file_id)
    if document.collection_id == collection.id:
        return StoreFile(file_id, document)
    same = connection.scalar(
        select(documents.c.id).where(
            documents.c.collection_id == collection.id,
            documents.c.content_sha256 == document.content_sha256,
            inside(whole_scope(connection, caller)),
        )
    )
    if same is None:
        raise no_such_file(file_id)
    return StoreFile(file_id, get_document(connection, same))


@dataclass(frozen=True, slots=True)
class _Copier(CallerUploader):
    """Brings what it may read into another collection, as long as it may read it."""

    file_id: str

    def check_writes(self, connection: Connection, collection_id: int) -> None:
        """Refuse as an uploader, or since the file is not there for the caller any more."""
        CallerUploader.check_writes(self, connection, collection_id)
        document_of_file(connection, self.caller, self.file_id)


def taken_into_store(backend: Backend, caller: Caller, store_id: str, file_id: str) -> StoreFile:
    """A file that is in a vector store from now on; again is nothing.

    Raises:
        NotFound: There is no such vector store or file that the person may know of.
    """
    with backend.database.read() as connection:
        collection = collection_of_store(connection, caller, store_id)
        check_role(connection, caller, collection.id, Role.WRITER)
        document = document_of_file(connection, caller, file_id)
    if document.collection_id == collection.id:
        return StoreFile(file_id, document)
    with backend.originals.local_path(document.content_sha256) as path:
        file = ReceivedFile(path, document.name, document.content_sha256, document.size_bytes)
        uploader = _Copier(caller, default_quotas(backend.settings), file_id)
        receipt = backend.intake.accept(file, collection.id, uploader)
    with backend.database.read() as connection:
        taken = get_document(connection, receipt.document.id, whole_scope(connection, caller))
    return StoreFile(file_id, taken)
