"""Documents put into a store directly, without files and parsers."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection

from retrieval.contents import embedder_id, publish
from retrieval.database import Database
from retrieval.embedder import Embedder, HashEmbedder
from retrieval.store import NewDocument, add_document, create_collection
from retrieval.types import Chunk, Document, DocumentContent, Page, Scope, Span

EMBEDDER = HashEmbedder(64)


def a_collection(database: Database, name: str = "papers") -> int:
    with database.write() as connection:
        return create_collection(connection, name).id


def all_of(*collections: int) -> Scope:
    return Scope(collections=frozenset(collections))


def queued(connection: Connection, collection: int, name: str, content: str) -> Document:
    document, _ = add_document(
        connection,
        NewDocument(
            collection_id=collection,
            name=name,
            content_sha256=sha256(content.encode("utf-8", "replace")).hexdigest(),
            size_bytes=len(content),
            media_type="text/plain",
        ),
    )
    return document


def content_of(texts: Sequence[str], embedder: Embedder = EMBEDDER) -> DocumentContent:
    """A document with one page and one chunk for each text."""
    return DocumentContent(
        title="",
        language="en",
        paged=True,
        pages=tuple(Page(number, text) for number, text in enumerate(texts, start=1)),
        chunks=tuple(
            Chunk(number, Span(0, len(text)), text, language="en")
            for number, text in enumerate(texts, start=1)
        ),
        vectors=embedder.embed_documents(texts),
    )


def put(
    connection: Connection, document: int, texts: Sequence[str], embedder: Embedder = EMBEDDER
) -> list[str]:
    """Make a document visible."""
    model = embedder_id(connection, embedder.model)
    return publish(connection, document, content_of(texts, embedder), model)


def published(database: Database, collection: int, name: str, *texts: str) -> int:
    """The id of a new visible document."""
    with database.write() as connection:
        document = queued(connection, collection, name, "\n".join(texts))
        put(connection, document.id, texts)
        return document.id
