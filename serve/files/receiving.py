"""Uploaded files on their way from the request to the queue."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.files import display_name
from ingest.intake import ReceivedFile
from retrieval.errors import CloisterError
from retrieval.store import documents_named
from retrieval.types import Scope
from serve.backend import DEFAULT_COLLECTION, Backend
from serve.caller import Caller
from serve.errors import InvalidRequest
from serve.files.uploads import RefusedFile, Upload, UploadLimits
from serve.people.rights import Role
from serve.problems import problem_of
from serve.schemas import UploadItem
from serve.scope import check_role, collection_of, whole_scope
from serve.settings import Settings

_FIELDS = {"collection"}


def upload_limits(settings: Settings) -> UploadLimits:
    """The limits by the settings."""
    return UploadLimits(
        file_bytes=settings.max_upload_bytes,
        files=settings.max_files_per_upload,
        free_bytes=settings.min_free_bytes,
    )


def accepted(backend: Backend, caller: Caller, upload: Upload) -> list[UploadItem]:
    """What became of each file.

    Raises:
        InvalidRequest: There is no file, or a field that we do not know.
        NotFound: There is no such collection.
        NotAllowed: The caller only reads it.
    """
    if unknown := upload.fields.keys() - _FIELDS:
        raise InvalidRequest(f"There is no field {min(unknown)[:40]!r}.")
    if not upload.files:
        raise InvalidRequest("The upload holds no file.", advice="Send parts with the name 'file'.")
    with backend.database.read() as connection:
        ref = upload.fields.get("collection", "").strip() or DEFAULT_COLLECTION
        collection = collection_of(connection, caller, ref)
        check_role(connection, caller, collection.id, Role.WRITER)
        into = Destination(collection.id, whole_scope(connection, caller))
    return [taken_in(backend, into, file) for file in upload.files]


@dataclass(frozen=True, slots=True)
class Destination:
    """The collection that takes files in, and what the caller sees, in it and elsewhere."""

    collection_id: int
    seen: Scope


def taken_in(backend: Backend, into: Destination, file: ReceivedFile | RefusedFile) -> UploadItem:
    """What became of a file."""
    name = display_name(file.name)
    if isinstance(file, RefusedFile):
        return UploadItem(name=name, error=problem_of(file.error))
    with backend.database.read() as connection:
        versions = documents_named(connection, into.collection_id, name)
    try:
        receipt = backend.intake.accept(file, into.collection_id)
    except CloisterError as error:
        return UploadItem(name=name, error=problem_of(error))
    return UploadItem(
        name=name,
        document_id=receipt.document.id,
        job_id=receipt.job_id,
        duplicate=not receipt.is_new,
        # Of what is hidden from the caller nothing is told.
        new_version=receipt.is_new and bool(versions - into.seen.excluded),
    )
