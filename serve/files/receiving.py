"""Uploaded files on their way from the request to the queue."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.files import display_name
from ingest.intake import ReceivedFile, Uploader
from retrieval.errors import CloisterError
from retrieval.versions import documents_named
from serve.backend import DEFAULT_COLLECTION, Backend
from serve.caller import Caller
from serve.errors import InvalidRequest
from serve.files.uploader import CallerUploader, default_quotas
from serve.files.uploads import RefusedFile, Upload, UploadLimits
from serve.people.rights import Role
from serve.problems import problem_of
from serve.schemas import UploadItem
from serve.scope import check_role, collection_of
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
    into = Destination(collection.id, CallerUploader(caller, default_quotas(backend.settings)))
    return [taken_in(backend, into, file) for file in upload.files]


@dataclass(frozen=True, slots=True)
class Destination:
    """The collection that takes files in, and who brings them."""

    collection_id: int
    uploader: Uploader


def taken_in(backend: Backend, into: Destination, file: ReceivedFile | RefusedFile) -> UploadItem:
    """What became of a file."""
    name = display_name(file.name)
    if isinstance(file, RefusedFile):
        return UploadItem(name=name, error=problem_of(file.error))
    with backend.database.read() as connection:
        # Of what is hidden from the caller nothing is told.
        closed = into.uploader.closed_to(connection)
        seen = documents_named(connection, into.collection_id, name) - closed
    try:
        receipt = backend.intake.accept(file, into.collection_id, into.uploader)
    except CloisterError as error:
        return UploadItem(name=name, error=problem_of(error))
    return UploadItem(
        name=name,
        document_id=receipt.document.id,
        job_id=receipt.job_id,
        duplicate=not receipt.is_new,
        new_version=receipt.is_new and bool(seen),
    )
