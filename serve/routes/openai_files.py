"""OpenAI's API: files, which are the documents that the caller may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from retrieval.store import DocumentFilter, list_documents
from retrieval.types import Document
from serve.backend import Backend
from serve.caller import Caller
from serve.files.downloads import original_response
from serve.files.forms import A_FILE, upload_form
from serve.files.opening import opened_original
from serve.files.receiving import upload_in
from serve.files.uploader import uploader_of
from serve.openai_door.files import PURPOSES, document_of_file, file_object, taken_in
from serve.openai_door.paging import FILE_CURSOR, Paging
from serve.openai_door.shapes import listed
from serve.people.rights import Role
from serve.problems import problem_response
from serve.routes.parts import BackendPart, CallerPart, WatchPart
from serve.scope import check_role, document_for, whole_scope

router = APIRouter(prefix="/v1/files", tags=["openai"])

_FORM = upload_form(A_FILE, purpose={"type": "string", "enum": list(PURPOSES)})

_PARTS: dict[int | str, dict[str, Any]] = {
    206: {"description": "The range that was asked for."},
    304: {"description": "It is what the client has already."},
}

FileId = Annotated[str, Path(max_length=60)]


def _paging(
    after: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Paging:
    return Paging.of(FILE_CURSOR, after, limit)


PagingPart = Annotated[Paging, Depends(_paging)]


@router.post("", response_class=Response, openapi_extra=_FORM)
async def upload(request: Request, backend: BackendPart, caller: CallerPart) -> Response:
    """Take one file in, into the collection that the field of that name says, or ``default``."""
    async with upload_in(request, backend, caller, "purpose") as files:
        item = await run_in_threadpool(taken_in, backend, caller, files)
        purpose = files.fields.get("purpose", PURPOSES[0])
    if item.error is not None or item.document_id is None:
        assert item.error is not None
        return problem_response(request, item.error)
    document = await run_in_threadpool(_document, backend, caller, item.document_id)
    return JSONResponse(file_object(document, purpose))


def _document(backend: Backend, caller: Caller, document_id: int) -> Document:
    with backend.database.read() as connection:
        return document_for(connection, caller, document_id)


@router.get("")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    paging: PagingPart,
    purpose: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:
    """Files, the oldest first."""
    if purpose and purpose not in PURPOSES:
        return listed([])
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        wanted = DocumentFilter(scope, after=paging.after, limit=paging.limit + 1)
        found = list_documents(connection, wanted)
    items = [file_object(each) for each in found[: paging.limit]]
    return listed(items, has_more=len(found) > paging.limit)


@router.get("/{file_id}")
def show(backend: BackendPart, caller: CallerPart, file_id: FileId) -> dict[str, Any]:
    """One file."""
    with backend.database.read() as connection:
        return file_object(document_of_file(connection, caller, file_id))


@router.delete("/{file_id}")
def delete(backend: BackendPart, caller: CallerPart, file_id: FileId) -> dict[str, Any]:
    """Delete a file, from the very next search on."""
    with backend.database.read() as connection:
        document = document_of_file(connection, caller, file_id)
        check_role(connection, caller, document.collection_id, Role.WRITER)
    backend.intake.delete(document.id, uploader_of(caller, backend.settings))
    return {"id": file_id, "object": "file", "deleted": True}


@router.get("/{file_id}/content", response_class=Response, responses=_PARTS)
def content(
    request: Request, backend: BackendPart, caller: CallerPart, watch: WatchPart, file_id: FileId
) -> Response:
    """The original file."""
    with backend.database.read() as connection:
        found = document_of_file(connection, caller, file_id)
    document = opened_original(backend, caller, found.id)
    return original_response(backend.originals, document, request.headers, watch)
