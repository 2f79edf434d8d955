"""Documents as files of OpenAI's API: ``file-7`` is document 7."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection

from retrieval.errors import NotFound
from retrieval.store import get_document
from retrieval.types import Document, DocumentState
from serve.backend import Backend
from serve.caller import Caller
from serve.errors import InvalidRequest
from serve.files.receiving import accepted
from serve.files.uploads import Upload
from serve.schemas import LARGEST_ID, UploadItem
from serve.scope import whole_scope

PURPOSES = ("assistants", "user_data")

_ID = re.compile(r"file-(\d{1,19})", re.ASCII)
_STATUS = {DocumentState.READY: "processed", DocumentState.FAILED: "error"}


def file_object(document: Document, purpose: str = PURPOSES[0]) -> dict[str, Any]:
    """A document for the wire; its purpose was not kept."""
    return {
        "id": f"file-{document.id}",
        "object": "file",
        "bytes": document.size_bytes,
        "created_at": int(document.created_at.timestamp()),
        "expires_at": None,
        "filename": document.name,
        "purpose": purpose,
        "status": _STATUS.get(document.state, "uploaded"),
        "status_details": document.error_message,
        "collection_id": document.collection_id,
    }


def document_of_file(connection: Connection, caller: Caller, file_id: str) -> Document:
    """The document of a file's id.

    Raises:
        NotFound: There is none that the person may know of.
    """
    number = number_of(_ID, file_id)
    if number is None:
        raise no_such_file(file_id)
    try:
        return get_document(connection, number, whole_scope(connection, caller))
    except NotFound:
        raise no_such_file(file_id) from None


def number_of(pattern: re.Pattern[str], text: str) -> int | None:
    """The number in an id, if it is one that a row can have."""
    match = pattern.fullmatch(text)
    return int(match[1]) if match and 0 < int(match[1]) <= LARGEST_ID else None


def no_such_file(file_id: str) -> NotFound:
    """The same for files that are foreign, deleted, or never were."""
    return NotFound(f"No file {file_id[:40]!r}.", advice="GET /v1/files lists them.")


def taken_in(backend: Backend, caller: Caller, upload: Upload) -> UploadItem:
    """What became of the one file of an upload.

    Raises:
        InvalidRequest: There is not one file, or it has another purpose than to be asked about.
        NotFound: There is no such collection.
    """
    purpose = upload.fields.get("purpose", PURPOSES[0])
    if purpose not in PURPOSES:
        raise InvalidRequest(
            f"The purpose is {purpose[:40]!r}; it is one of {', '.join(PURPOSES)}."
        )
    if len(upload.files) != 1:
        raise InvalidRequest(f"There are {len(upload.files)} files in the upload; it takes one.")
    collection = upload.fields.get("collection", "")
    return accepted(backend, caller, Upload(upload.files, {"collection": collection}))[0]
