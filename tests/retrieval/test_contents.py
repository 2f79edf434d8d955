"""Pages, chunks and vectors come back as they went in, and only inside the scope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from retrieval.contents import (
    document_text,
    embedder_id,
    foreign_embedder,
    publish,
    read_chunks,
    read_indexed_document,
    read_page,
    visible_documents,
)
from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.errors import NotFound
from retrieval.store import delete_document, get_document
from retrieval.types import (
    Chunk,
    DocumentContent,
    EmbedderModel,
    Page,
    Scope,
    Span,
    StoredChunk,
)
from tests.retrieval.filling import EMBEDDER, a_collection, all_of, content_of, published, queued

_TEXT = "Kapitel 1: «Œuvre» 😀 كتاب 書"


def rich_content() -> DocumentContent:
    boxes = np.linspace(0, 700, 4 * len(_TEXT), dtype=np.float32).reshape(-1, 4)
    return DocumentContent(
        title="Œuvres complètes",
        language="fr",
        paged=True,
        pages=(Page(1, _TEXT, "iv", 595.0, 842.0, 90, boxes), Page(2, "", "v")),
        chunks=(
            Chunk(1, Span(0, 10), _TEXT[:10], ("Part I", "Chapter 1"), "fr", "a | b"),
            Chunk(1, Span(11, len(_TEXT)), _TEXT[11:]),
        ),
        vectors=EMBEDDER.embed_documents([_TEXT[:10], _TEXT[11:]]),
    )


def put_rich(database: Database, collection: int) -> int:
    with database.write() as connection:
        document = queued(connection, collection, "livre.pdf", _TEXT).id
        model = embedder_id(connection, EMBEDDER.model)
        assert publish(connection, document, rich_content(), model) == []
    return document


def chunks_of(database: Database, document: int, scope: Scope) -> list[StoredChunk]:
    with database.read() as connection:
        indexed = read_indexed_document(connection, document, 1, 64)
        assert indexed is not None
        ids = [stored.id for stored in indexed.chunks]
        found = read_chunks(connection, ids, scope)
        return [found[chunk] for chunk in sorted(found)]


def test_a_page_comes_back_as_it_was(database: Database) -> None:
    collection = a_collection(database)
    document = put_rich(database, collection)
    with database.read() as connection:
        page = read_page(connection, document, 1, all_of(collection))
        empty = read_page(connection, document, 2, all_of(collection))
        text = list(document_text(connection, document, all_of(collection)))
    expected = rich_content().pages[0]
    assert (page.text, page.label, page.width, page.height, page.rotation) == (
        (expected.text, expected.label, expected.width, expected.height, expected.rotation)
    )
    assert page.boxes is not None
    assert expected.boxes is not None
    np.testing.assert_allclose(page.boxes, expected.boxes, atol=0.03)
    assert empty.boxes is None
    assert text == [_TEXT, ""]


def test_a_chunk_comes_back_as_it_was(database: Database) -> None:
    collection = a_collection(database)
    document = put_rich(database, collection)
    found = chunks_of(database, document, all_of(collection))
    assert [stored.chunk for stored in found] == list(rich_content().chunks)
    assert {stored.document_id for stored in found} == {document}
    assert {stored.page_label for stored in found} == {"iv"}
    assert {stored.document_name for stored in found} == {"livre.pdf"}


def test_facts_about_the_document_are_kept(database: Database) -> None:
    document = put_rich(database, a_collection(database))
    with database.read() as connection:
        found = get_document(connection, document)
    assert (found.title, found.language, found.paged) == ("Œuvres complètes", "fr", True)
    assert (found.page_count, found.chunk_count, found.seq) == (2, 2, 1)


def test_vectors_come_back_in_the_order_of_chunks_as_half_precision(database: Database) -> None:
    collection = a_collection(database)
    texts = [f"text {number}" for number in range(300)]
    document = published(database, collection, "a.txt", *texts)
    with database.read() as connection:
        found = read_indexed_document(connection, document, 1, 64)
    assert found is not None
    assert [stored.chunk.text for stored in found.chunks] == texts
    np.testing.assert_array_equal(found.vectors, EMBEDDER.embed_documents(texts).astype(np.float16))


def test_nothing_is_read_outside_the_scope(database: Database) -> None:
    mine, theirs = a_collection(database, "mine"), a_collection(database, "theirs")
    document = put_rich(database, theirs)
    outside = (all_of(mine), Scope(), Scope(documents=frozenset({document + 1})))
    for scope in outside:
        assert chunks_of(database, document, scope) == []
        with database.read() as connection:
            with pytest.raises(NotFound):
                read_page(connection, document, 1, scope)
            with pytest.raises(NotFound):
                list(document_text(connection, document, scope))
    granted = Scope(documents=frozenset({document}))
    assert len(chunks_of(database, document, granted)) == 2


def test_a_page_that_is_not_there_is_not_found(database: Database) -> None:
    collection = a_collection(database)
    document = put_rich(database, collection)
    with database.read() as connection, pytest.raises(NotFound):
        read_page(connection, document, 3, all_of(collection))


def test_what_is_not_visible_is_not_read(database: Database) -> None:
    collection = a_collection(database)
    document = put_rich(database, collection)
    with database.read() as connection:
        found = read_indexed_document(connection, document, 1, 64)
        assert visible_documents(connection) == [document]
    assert found is not None
    ids = [stored.id for stored in found.chunks]
    with database.write() as connection:
        delete_document(connection, document)
    with database.read() as connection:
        assert read_indexed_document(connection, document, 1, 64) is None
        assert read_chunks(connection, ids, all_of(collection)) == {}
        assert visible_documents(connection) == []


def test_many_chunks_are_read_at_once(database: Database) -> None:
    collection = a_collection(database)
    published(database, collection, "a.txt", "text")
    with database.read() as connection:
        found = read_chunks(connection, range(70_000), all_of(collection))
    assert len(found) == 1


def test_a_document_without_chunks_can_be_published(database: Database) -> None:
    collection = a_collection(database)
    content = replace(content_of(["text"]), chunks=(), vectors=np.empty((0, 64), np.float32))
    with database.write() as connection:
        document = queued(connection, collection, "a.txt", "text").id
        publish(connection, document, content, embedder_id(connection, EMBEDDER.model))
    with database.read() as connection:
        found = read_indexed_document(connection, document, 1, 64)
    assert found is not None
    assert (found.chunks, found.vectors.shape) == ((), (0, 64))


def test_each_model_has_one_number(database: Database) -> None:
    models = [
        EmbedderModel("m", "1", 64),
        EmbedderModel("m", "2", 64),
        EmbedderModel("m", "1", 32),
        EmbedderModel("m", "1", 64, query_prefix="query: "),
        EmbedderModel("m", "1", 64, document_prefix="passage: "),
    ]
    with database.write() as connection:
        numbers = [embedder_id(connection, model) for model in models]
    with database.write() as connection:
        assert [embedder_id(connection, model) for model in models] == numbers
    assert len(set(numbers)) == len(models)


def test_vectors_of_another_embedder_are_noticed(database: Database) -> None:
    collection = a_collection(database)
    with database.write() as connection:
        assert foreign_embedder(connection, EMBEDDER.model) is None
        embedder_id(connection, EmbedderModel("never used", "1", 8))
    published(database, collection, "a.txt", "text")
    with database.write() as connection:
        assert foreign_embedder(connection, EMBEDDER.model) is None
        assert foreign_embedder(connection, HashEmbedder(32).model) == "hash"
