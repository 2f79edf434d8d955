"""Uploaded files on their way from the request to the queue."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ingest.files import display_name
from ingest.intake import ReceivedFile, Uploader
from retrieval.errors import CloisterError
from retrieval.versions import documents_named
from serve.backend import DEFAULT_COLLECTION, Backend
from serve.caller import Caller
from serve.errors import InvalidRequest
from serve.files.uploader import default_quotas, uploader_of
from serve.files.uploads import RefusedFile, TooManyFiles, Upload, UploadLimits, received
from serve.people.errors import PersonQuotaExceeded
from serve.people.quotas import Keeper, kept_by
from serve.people.rights import Role
from serve.problems import problem_of
from serve.schemas import UploadItem
from serve.scope import check_role, check_writes_somewhere, collection_of
from serve.settings import Settings

_MOST_LARGEST_FILES = 16
"""Without a quota the files of an upload have as many bytes together as so many of the largest."""


@asynccontextmanager
async def upload_in(
    request: Request, backend: Backend, caller: Caller, *more_fields: str
) -> AsyncIterator[Upload]:
    """The upload in a request; nothing of it is read of somebody who writes nowhere.

    Raises:
        NotAllowed: The caller writes nowhere.
        TooManyRequests: Too many uploads of the caller are under way.
        InvalidRequest, LimitExceeded, Refusal: The body is none that is taken.
    """
    fields = frozenset({"collection", *more_fields})
    limits = await run_in_threadpool(_limits, backend, caller, fields)
    with backend.uploads.another(caller.person_id):
        async with received(request, backend.folder, limits) as upload:
            yield upload


def _limits(backend: Backend, caller: Caller, fields: frozenset[str]) -> UploadLimits:
    settings = backend.settings
    with backend.database.read() as connection:
        check_writes_somewhere(connection, caller)
        quota = _quota_of(connection, caller, settings)
    most, beyond = _together(settings.max_upload_bytes, quota)
    return UploadLimits(
        file_bytes=settings.max_upload_bytes,
        files=settings.max_files_per_upload,
        free_bytes=settings.min_free_bytes,
        fields=fields,
        all_bytes=math.inf if caller.person_id is None else most,
        beyond=beyond,
    )


def _quota_of(connection: Connection, caller: Caller, settings: Settings) -> int | None:
    if caller.person_id is None:
        return None
    keeper = Keeper("person", caller.person_id)
    return kept_by(connection, keeper, default_quotas(settings)).quota.bytes


def _together(largest: int, quota: int | None) -> tuple[int, CloisterError]:
    """How many bytes the files of an upload may have, and why no more.

    They are on disk before quotas are asked. What is more than a whole quota is more than is left
    of it, whatever is replaced; the file that goes beyond it is to be told by its size.
    """
    if quota is None:
        most = _MOST_LARGEST_FILES * largest
        return most, TooManyFiles(
            f"The files of one upload may have {most} bytes together.",
            advice="Send them in batches.",
        )
    return quota + largest, PersonQuotaExceeded(
        f"The upload holds more than you may keep: {quota} bytes.",
        advice="Send fewer files, or ask an administrator for more.",
    )


def accepted(backend: Backend, caller: Caller, upload: Upload) -> list[UploadItem]:
    """What became of each file.

    Raises:
        InvalidRequest: There is no file.
        NotFound: There is no such collection.
        NotAllowed: The caller only reads it.
    """
    if not upload.files:
        raise InvalidRequest("The upload holds no file.", advice="Send parts with the name 'file'.")
    with backend.database.read() as connection:
        ref = upload.fields.get("collection", "").strip() or DEFAULT_COLLECTION
        collection = collection_of(connection, caller, ref)
        check_role(connection, caller, collection.id, Role.WRITER)
    into = Destination(collection.id, uploader_of(caller, backend.settings))
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
