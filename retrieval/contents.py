"""What documents contain: pages, chunks and vectors, written once and read under a scope."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from retrieval.boxes import packed_boxes, unpacked_boxes
from retrieval.errors import NotFound
from retrieval.flags import write_flags
from retrieval.schema import chunks, documents, embedders, pages, vectors
from retrieval.store import (
    Replaced,
    among,
    delete_replaced,
    get_document,
    goes_on_renamed,
    not_told,
    record_change,
    replace_document,
)
from retrieval.types import (
    Chunk,
    DocumentContent,
    DocumentState,
    EmbedderModel,
    Page,
    Scope,
    Span,
    StoredChunk,
    Vectors,
)
from retrieval.versions import replaced_documents, versions_of

SECTION_SEPARATOR = "\x1f"


def embedder_id(connection: Connection, model: EmbedderModel) -> int:
    """The number under which vectors of this model are stored."""
    facts = {
        "name": model.name,
        "revision": model.revision,
        "dimensions": model.dimensions,
        "query_prefix": model.query_prefix,
        "document_prefix": model.document_prefix,
    }
    known = connection.scalar(select(embedders.c.id).filter_by(**facts))
    if known is not None:
        return int(known)
    query = insert(embedders).values(**facts).returning(embedders.c.id)
    return int(connection.execute(query).scalar_one())


def foreign_embedder(connection: Connection, model: EmbedderModel) -> str | None:
    """The name of the embedder that made the stored vectors, where some are not of this model.

    Others may have left vectors behind, of which the oldest embedder's are whole.
    """
    own = embedder_id(connection, model)
    used = exists().where(vectors.c.embedder_id == embedders.c.id)
    others = select(embedders.c.name).where(embedders.c.id != own, used).order_by(embedders.c.id)
    name = connection.scalar(others.limit(1))
    return name if name is not None and is_vector_missing(connection, own) else None


def is_vector_missing(connection: Connection, embedder: int) -> bool:
    """Whether some chunk has no vector of an embedder."""
    made = exists().where(vectors.c.chunk_id == chunks.c.id, vectors.c.embedder_id == embedder)
    return connection.scalar(select(chunks.c.id).where(~made).limit(1)) is not None


def add_vectors(
    connection: Connection, embedder: int, chunk_ids: Sequence[int], rows: Vectors
) -> None:
    """Store the vectors of chunks, one row each."""
    if not chunk_ids:
        return
    stored = rows.astype("<f2")
    connection.execute(
        insert(vectors),
        [
            {"chunk_id": chunk_id, "embedder_id": embedder, "vector": row.tobytes()}
            for chunk_id, row in zip(chunk_ids, stored, strict=True)
        ],
    )


def publish(
    connection: Connection,
    document_id: int,
    content: DocumentContent,
    embedder: int,
    replaced: Replaced = not_told,
) -> list[str]:
    """Make a document visible with all its content, and what it takes the place of invisible.

    If a later version is visible already, this one is dropped instead. ``replaced`` is told of
    each that goes.

    Returns:
        The SHA-256 of files that nothing needs any more.

    Raises:
        NotFound: The document was deleted meanwhile.
    """
    get_document(connection, document_id)
    others = versions_of(connection, document_id) - {document_id}
    later = {each for each in others if each > document_id}
    if visible := [each for each in later if get_document(connection, each).seq is not None]:
        if goes_on_renamed(connection, document_id):
            return publish(connection, document_id, content, embedder, replaced)
        return delete_replaced(connection, document_id, max(visible), replaced)
    outdated = sorted((others - later) | replaced_documents(connection, document_id))
    unused = [
        sha
        for each in outdated
        for sha in replace_document(connection, each, document_id, replaced)
    ]
    _write_content(connection, document_id, content, embedder)
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(
            state=DocumentState.READY.value,
            error_code=None,
            error_message=None,
            title=content.title,
            language=content.language,
            paged=content.paged,
            page_count=len(content.pages),
            chunk_count=len(content.chunks),
            seq=record_change(connection, document_id, visible=True),
            updated_at=time.time(),
        )
    )
    return unused


def _write_content(
    connection: Connection, document_id: int, content: DocumentContent, embedder: int
) -> None:
    connection.execute(delete(pages).where(pages.c.document_id == document_id))
    connection.execute(delete(chunks).where(chunks.c.document_id == document_id))
    connection.execute(insert(pages), [_page_row(document_id, page) for page in content.pages])
    write_flags(connection, document_id, content.flags)
    if not content.chunks:
        return
    ids = connection.scalars(
        insert(chunks).returning(chunks.c.id, sort_by_parameter_order=True),
        [_chunk_row(document_id, chunk) for chunk in content.chunks],
    ).all()
    add_vectors(connection, embedder, ids, content.vectors)


def _page_row(document_id: int, page: Page) -> dict[str, object]:
    return {
        "document_id": document_id,
        "number": page.number,
        "label": page.label,
        "text": page.text,
        "width": page.width,
        "height": page.height,
        "rotation": page.rotation,
        "boxes": None if page.boxes is None else packed_boxes(page.boxes),
    }


def _chunk_row(document_id: int, chunk: Chunk) -> dict[str, object]:
    return {
        "document_id": document_id,
        "page": chunk.page,
        "span_start": chunk.span.start,
        "span_end": chunk.span.end,
        "text": chunk.text,
        "section": SECTION_SEPARATOR.join(chunk.section),
        "table_header": chunk.table_header,
        "language": chunk.language,
    }


def read_page(connection: Connection, document_id: int, number: int, scope: Scope) -> Page:
    """One page of a document inside the scope."""
    get_document(connection, document_id, scope)
    row = connection.execute(
        select(pages).where(pages.c.document_id == document_id, pages.c.number == number)
    ).first()
    if row is None:
        raise NotFound(f"Document {document_id} has no page {number}.")
    return Page(
        number=row.number,
        text=row.text,
        label=row.label,
        width=row.width,
        height=row.height,
        rotation=row.rotation,
        boxes=None if row.boxes is None else unpacked_boxes(row.boxes),
    )


def document_text(connection: Connection, document_id: int, scope: Scope) -> Iterator[str]:
    """The texts of a document's pages, in order."""
    get_document(connection, document_id, scope)
    query = select(pages.c.text).where(pages.c.document_id == document_id).order_by(pages.c.number)
    yield from connection.scalars(query)


_STORED_CHUNK = (
    select(
        chunks,
        documents.c.collection_id,
        documents.c.name.label("document_name"),
        documents.c.paged,
        pages.c.label.label("page_label"),
    )
    .join(documents, documents.c.id == chunks.c.document_id)
    .join(pages, (pages.c.document_id == chunks.c.document_id) & (pages.c.number == chunks.c.page))
    .where(documents.c.seq.is_not(None))
)


def read_chunks(
    connection: Connection, chunk_ids: Sequence[int], scope: Scope
) -> dict[int, StoredChunk]:
    """The visible ones of these chunks that lie inside the scope, by id."""
    rows = connection.execute(_STORED_CHUNK.where(among(chunks.c.id, chunk_ids)))
    return {
        row.id: _stored_chunk(row)
        for row in rows
        if scope.allows(row.collection_id, row.document_id)
    }


@dataclass(frozen=True, slots=True, eq=False)
class IndexedDocument:
    """What the indexes take of a document: its chunks and their vectors, row by row."""

    document_id: int
    collection_id: int
    name: str
    language: str
    chunks: tuple[StoredChunk, ...]
    vectors: NDArray[np.float16]


def read_indexed_document(
    connection: Connection, document_id: int, embedder: int, dimensions: int
) -> IndexedDocument | None:
    """A visible document for the indexes, or None if it is not visible (any more)."""
    document = connection.execute(
        select(documents).where(documents.c.id == document_id, documents.c.seq.is_not(None))
    ).first()
    if document is None:
        return None
    rows = connection.execute(
        _STORED_CHUNK.add_columns(vectors.c.vector)
        .join(vectors, (vectors.c.chunk_id == chunks.c.id) & (vectors.c.embedder_id == embedder))
        .where(chunks.c.document_id == document_id)
        .order_by(chunks.c.id)
    ).all()
    matrix = np.frombuffer(b"".join(row.vector for row in rows), "<f2")
    return IndexedDocument(
        document_id=document_id,
        collection_id=document.collection_id,
        name=document.name,
        language=document.language,
        chunks=tuple(_stored_chunk(row) for row in rows),
        vectors=matrix.reshape(len(rows), dimensions),
    )


def visible_documents(connection: Connection) -> Sequence[int]:
    """The ids of all visible documents, oldest change first."""
    query = select(documents.c.id).where(documents.c.seq.is_not(None)).order_by(documents.c.seq)
    return connection.scalars(query).all()


def section_of(stored: str) -> tuple[str, ...]:
    """The path of a section as it is stored with chunks."""
    return tuple(stored.split(SECTION_SEPARATOR)) if stored else ()


def _stored_chunk(row: Row[tuple[object, ...]]) -> StoredChunk:
    return StoredChunk(
        id=row.id,
        document_id=row.document_id,
        collection_id=row.collection_id,
        document_name=row.document_name,
        page_label=row.page_label,
        paged=row.paged,
        chunk=chunk_of_row(row),
    )


def chunk_of_row(row: Row[tuple[object, ...]]) -> Chunk:
    """A chunk from a full row of its table."""
    return Chunk(
        page=row.page,
        span=Span(row.span_start, row.span_end),
        text=row.text,
        section=section_of(row.section),
        language=row.language,
        table_header=row.table_header,
    )
