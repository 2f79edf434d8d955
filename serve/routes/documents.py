"""Documents: upload, list, show, read, delete, try again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from ingest import jobs
from ingest.job_listing import job_of_document
from retrieval.document_order import DocumentOrder, SortKey
from retrieval.flags import flag_counts, read_flags
from retrieval.store import DocumentFilter, get_document, list_documents
from retrieval.types import DocumentState
from serve.files.downloads import original_response
from serve.files.forms import A_FILE, upload_form
from serve.files.opening import opened_original, opened_text, record_opening
from serve.files.receiving import accepted, upload_in
from serve.files.uploader import uploader_of
from serve.listing_cursor import MAX_CURSOR_LENGTH, cursor_after, place_of
from serve.people.rights import Role
from serve.routes.parts import BackendPart, CallerPart, IdPath, LimitPart, WatchPart
from serve.schemas import (
    DocumentDetails,
    DocumentList,
    JobOut,
    UploadOut,
)
from serve.scope import document_for, scope_of, whole_scope
from serve.shapes import document_details, document_out, job_out

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])

_FORM = upload_form({"type": "array", "items": A_FILE})


def _order(sort: SortKey = SortKey.ID, descending: bool = False) -> DocumentOrder:
    return DocumentOrder(sort, descending)


@router.post("", status_code=202, openapi_extra=_FORM)
async def upload(request: Request, backend: BackendPart, caller: CallerPart) -> UploadOut:
    """Take files in. A refused file does not stop the others; the same content is taken once."""
    async with upload_in(request, backend, caller) as files:
        return UploadOut(items=await run_in_threadpool(accepted, backend, caller, files))


@router.get("")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    order: Annotated[DocumentOrder, Depends(_order)],
    cursor: Annotated[str, Query(max_length=MAX_CURSOR_LENGTH)] = "",
    limit: LimitPart = 100,
    collection: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[list[DocumentState] | None, Query(max_length=len(DocumentState))] = None,
) -> DocumentList:
    """Documents in an order, by default that in which they came; in any of the states named."""
    place = place_of(order, cursor)
    with backend.database.read() as connection:
        wanted = DocumentFilter(
            scope_of(connection, caller, [collection] if collection else []),
            states=frozenset(state or ()),
            name_contains=q.replace("\0", ""),
            limit=limit,
            order=order,
            place=place,
        )
        found = list_documents(connection, wanted)
        flags = flag_counts(connection, [each.id for each in found])
    following = cursor_after(order, found[-1]) if len(found) == limit else None
    items = [document_out(each, flags.get(each.id, 0)) for each in found]
    return DocumentList(items=items, next_cursor=following)


@router.get("/{document_id}")
def show(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
) -> DocumentDetails:
    """One document."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        document = get_document(connection, document_id, scope)
        flags = read_flags(connection, document_id, scope)
    if flags:
        # They quote the document.
        record_opening(backend.journal, document_id, "flags")
    return document_details(document, flags)


@router.delete("/{document_id}", status_code=204)
def delete(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
) -> Response:
    """Delete a document, from the very next search on."""
    with backend.database.read() as connection:
        document_for(connection, caller, document_id, Role.WRITER)
    backend.intake.delete(document_id, uploader_of(caller, backend.settings))
    return Response(status_code=204)


@router.post("/{document_id}/retry", status_code=202)
def retry(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
) -> JobOut:
    """Try a failed document again."""
    with backend.database.write() as connection:
        document_for(connection, caller, document_id, Role.WRITER)
        jobs.retry(connection, job_of_document(connection, document_id).id)
        return job_out(job_of_document(connection, document_id), backend.searching.seq)


@router.get("/{document_id}/content", response_class=Response)
def content(
    backend: BackendPart,
    caller: CallerPart,
    watch: WatchPart,
    document_id: IdPath,
    request: Request,
) -> Response:
    """The original file."""
    document = opened_original(backend, caller, document_id)
    return original_response(backend.originals, document, request.headers, watch)


@router.get("/{document_id}/text", response_class=PlainTextResponse)
def text(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
) -> PlainTextResponse:
    """All text of a document; a form feed divides its pages."""
    return PlainTextResponse("\f".join(opened_text(backend, caller, document_id)))
