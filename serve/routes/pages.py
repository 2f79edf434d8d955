"""Pages of documents: their list, their text, a picture of one, and what stands where on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from retrieval.boxes import span_rects
from retrieval.contents import read_chunks, read_page
from retrieval.errors import NotFound
from retrieval.page_outlines import page_outlines, section_starts
from retrieval.store import get_document
from retrieval.types import Page, Span
from serve.errors import InvalidRequest
from serve.files.opening import record_opening
from serve.files.pictures import picture_response
from serve.page_schemas import PageList, PageOutlineOut, PlacedQuote
from serve.routes.parts import BackendPart, CallerPart, CursorPart, IdPath, LimitPart
from serve.schemas import LARGEST_ID, PageOut, PlacedPassage, SectionStartOut, SpanOut
from serve.scope import whole_scope
from serve.shapes import passage_fields

router = APIRouter(prefix="/api/v1/documents/{document_id}", tags=["documents"])

OffsetQuery = Annotated[int, Query(ge=0, le=LARGEST_ID)]


@router.get("/pages")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
    after: CursorPart,
    limit: LimitPart = 1_000,
) -> PageList:
    """The pages of a document in their order, without their text."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        found = page_outlines(connection, document_id, scope, after, limit)
    following = str(found[-1].number) if len(found) == limit else None
    items = [PageOutlineOut.model_validate(each) for each in found]
    return PageList(items=items, next_cursor=following)


@router.get("/pages/{number}")
def page(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
    number: IdPath,
) -> PageOut:
    """One page, with the text that spans refer to."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        found = read_page(connection, document_id, number, scope)
        starts = section_starts(connection, document_id, number, scope)
    record_opening(backend.journal, document_id, "page", page=number)
    sections = [SectionStartOut.model_validate(each) for each in starts]
    return PageOut(
        number=found.number,
        label=found.label,
        text=found.text,
        width=found.width,
        height=found.height,
        rotation=found.rotation,
        sections=sections,
    )


@router.get("/pages/{number}/quote")
def quote(
    backend: BackendPart,
    caller: CallerPart,
    document_id: IdPath,
    number: IdPath,
    start: OffsetQuery,
    end: OffsetQuery,
) -> PlacedQuote:
    """The words of a page from ``start`` to ``end``, and where they stand on it."""
    with backend.database.read() as connection:
        found = read_page(connection, document_id, number, whole_scope(connection, caller))
    if not start < end <= len(found.text):
        raise InvalidRequest(f"The text of page {number} has {len(found.text)} characters.")
    record_opening(backend.journal, document_id, "quote", page=number)
    span = Span(start, end)
    return PlacedQuote(
        page=found.number,
        page_label=found.label,
        span=SpanOut(start=start, end=end),
        quote=found.text[start:end],
        rects=_rects(found, span),
        page_size=(found.width, found.height),
    )


@router.get("/pages/{number}/image", response_class=Response)
def image(
    backend: BackendPart, caller: CallerPart, document_id: IdPath, number: IdPath, request: Request
) -> Response:
    """A page of a document that is an image, as a PNG made by us."""
    with backend.database.read() as connection:
        document = get_document(connection, document_id, whole_scope(connection, caller))
    shown = picture_response(backend.pictures, backend.originals, document, number, request.headers)
    record_opening(backend.journal, document_id, "picture", page=number)
    return shown


@router.get("/chunks/{chunk_id}")
def chunk(
    backend: BackendPart, caller: CallerPart, document_id: IdPath, chunk_id: IdPath
) -> PlacedPassage:
    """A passage and where it stands on its page."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        stored = read_chunks(connection, [chunk_id], scope).get(chunk_id)
        if stored is None or stored.document_id != document_id:
            raise NotFound(f"Document {document_id} has no passage {chunk_id}.")
        on = read_page(connection, document_id, stored.chunk.page, scope)
    record_opening(backend.journal, document_id, "passage", page=on.number)
    rects = _rects(on, stored.chunk.span)
    return PlacedPassage(**passage_fields(stored), rects=rects, page_size=(on.width, on.height))


def _rects(on: Page, span: Span) -> list[tuple[float, float, float, float]]:
    return [] if on.boxes is None else span_rects(on.boxes, span)
