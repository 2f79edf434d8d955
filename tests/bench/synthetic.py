"""Chunks that nobody wrote: clustered vectors, words by Zipf's law, in SQL and in both indexes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, update

from retrieval.analysis import query_terms
from retrieval.contents import embedder_id, publish
from retrieval.database import Database
from retrieval.dense import DenseIndex
from retrieval.indexes import Indexes
from retrieval.lexical import LexicalEntry, LexicalIndex
from retrieval.schema import chunks, documents, pages
from retrieval.store import NewDocument, add_document, create_collection
from retrieval.types import Chunk, Document, DocumentContent, EmbedderModel, Page, Span, Vectors

DIMENSIONS = 384
CHUNKS_A_DOCUMENT = 50
COLLECTIONS = 100
"""So that one of them is 1 % of all."""

MODEL = EmbedderModel("synthetic", "1", DIMENSIONS)
_CLUSTERS = 2_000
_WORDS = 50_000
_WORDS_A_CHUNK = 75
_NOISE = 0.6


class Texts:
    """Made-up English words, each its own stem, drawn by Zipf's law."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self.words = np.array(_vocabulary(), dtype=object)
        weights = 1.0 / (np.arange(len(self.words)) + 2.7) ** 1.07
        self._cumulative = np.cumsum(weights) / weights.sum()

    def draw(self, texts: int, words: int = _WORDS_A_CHUNK) -> list[list[str]]:
        """So many texts of so many words."""
        places = np.searchsorted(self._cumulative, self._random.random((texts, words)))
        drawn: list[list[str]] = self.words[np.minimum(places, len(self.words) - 1)].tolist()
        return drawn


def _vocabulary() -> list[str]:
    syllables = [a + b for a in "bdfgklmnprtvz" for b in "aiou"]
    found: list[str] = []
    for number in range(4 * _WORDS):
        word, rest = "", number + len(syllables)
        while rest:
            rest, place = divmod(rest, len(syllables))
            word += syllables[place]
        if query_terms(word + "k", ["en"]) == [(word + "k",)]:
            found.append(word + "k")
        if len(found) == _WORDS:
            break
    return found


class Embeddings:
    """Unit vectors around random centres, and queries near one of them."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._centres = _unit(random.standard_normal((_CLUSTERS, DIMENSIONS), np.float32))

    def draw(self, count: int) -> Vectors:
        """So many vectors; neighbours in the order share a centre, as chunks of one document do."""
        places = np.repeat(
            self._random.integers(0, _CLUSTERS, count // CHUNKS_A_DOCUMENT + 1), CHUNKS_A_DOCUMENT
        )[:count]
        noise = self._random.standard_normal((count, DIMENSIONS), np.float32)
        return _unit(self._centres[places] + _NOISE * _unit(noise))


def _unit(vectors: NDArray[np.float32]) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A searchable collection of synthetic chunks, and how long its indexes took to build."""

    database: Database
    indexes: Indexes
    texts: Texts
    embeddings: Embeddings
    dense_seconds: float
    lexical_seconds: float


@contextmanager
def synthetic(folder: Path, count: int) -> Iterator[Synthetic]:
    """``count`` chunks in ``COLLECTIONS`` collections; SQL has their texts, not their vectors."""
    random = np.random.default_rng(7)
    texts, embeddings = Texts(random), Embeddings(random)
    database = Database(f"sqlite:///{folder}/cloister.db")
    database.migrate()
    with database.write() as connection:
        for number in range(COLLECTIONS):
            create_collection(connection, f"collection {number}")
        first = publish_document(connection, 1, "first", texts, embeddings)
    indexes = Indexes(database, MODEL, folder / "indexes")
    indexes.maintain()
    dense, lexical = DenseIndex(DIMENSIONS), LexicalIndex(folder / "synthetic")
    lexical_seconds = 0.0
    for start in range(0, count, 50 * CHUNKS_A_DOCUMENT * 10):
        batch = range(start, min(start + 50 * CHUNKS_A_DOCUMENT * 10, count))
        entries = _entries(batch, first, texts)
        with database.write() as connection:
            _insert(connection, entries)
        _add_dense(dense, entries, embeddings.draw(len(entries)))
        begun = time.monotonic()
        lexical.add(entries)
        lexical_seconds += time.monotonic() - begun
    begun = time.monotonic()
    lexical.commit(1)
    lexical_seconds += time.monotonic() - begun
    begun = time.monotonic()
    dense.merge()
    dense_seconds = time.monotonic() - begun
    indexes.lexical.close()
    indexes.dense, indexes.lexical_projection.index = dense, lexical
    yield Synthetic(database, indexes, texts, embeddings, dense_seconds, lexical_seconds)
    lexical.close()
    database.close()


def _entries(numbers: range, first: Document, texts: Texts) -> list[LexicalEntry]:
    drawn = texts.draw(len(numbers))
    return [
        LexicalEntry(
            chunk_id=CHUNKS_A_DOCUMENT + 1 + number,
            document_id=first.id + 1 + number // CHUNKS_A_DOCUMENT,
            collection_id=1 + number // CHUNKS_A_DOCUMENT % COLLECTIONS,
            terms=words,
        )
        for number, words in zip(numbers, drawn, strict=True)
    ]


def _add_dense(dense: DenseIndex, entries: Sequence[LexicalEntry], vectors: Vectors) -> None:
    for start in range(0, len(entries), CHUNKS_A_DOCUMENT):
        block = entries[start : start + CHUNKS_A_DOCUMENT]
        ids = [entry.chunk_id for entry in block]
        rows = vectors[start : start + len(block)]
        dense.add(block[0].document_id, block[0].collection_id, ids, rows)


def _insert(connection: Connection, entries: Sequence[LexicalEntry]) -> None:
    """The rows that the text of a hit is read from."""
    owners = {entry.document_id: entry.collection_id for entry in entries}
    connection.execute(insert(documents), [_document(*owner) for owner in owners.items()])
    connection.execute(update(documents).where(documents.c.id.in_(owners)).values(seq=1))
    blank = {"number": 1, "label": "", "text": "", "width": 0.0, "height": 0.0, "rotation": 0}
    connection.execute(insert(pages), [{"document_id": owner} | blank for owner in owners])
    connection.execute(insert(chunks), [_chunk(entry) for entry in entries])


def _document(document_id: int, collection_id: int) -> dict[str, object]:
    return {
        "id": document_id,
        "collection_id": collection_id,
        "name": f"document {document_id}",
        "content_sha256": f"{document_id:064x}",
        "size_bytes": 1,
        "media_type": "text/plain",
        "state": "ready",
        "created_at": 0.0,
        "updated_at": 0.0,
    }


def _chunk(entry: LexicalEntry) -> dict[str, object]:
    text = " ".join(entry.terms)
    return {
        "id": entry.chunk_id,
        "document_id": entry.document_id,
        "page": 1,
        "span_start": 0,
        "span_end": len(text),
        "text": text,
        "section": "",
        "table_header": "",
        "language": "en",
    }


def publish_document(
    connection: Connection,
    collection_id: int,
    name: str,
    texts: Texts,
    embeddings: Embeddings,
    model: EmbedderModel = MODEL,
) -> Document:
    """A whole synthetic document through the store, as ingestion publishes it."""
    lines = [" ".join(words) for words in texts.draw(CHUNKS_A_DOCUMENT)]
    text = "\n".join(lines)
    starts = np.cumsum([0, *(len(line) + 1 for line in lines[:-1])]).tolist()
    found = tuple(
        Chunk(1, Span(start, start + len(line)), line, language="en")
        for start, line in zip(starts, lines, strict=True)
    )
    content = DocumentContent("", "en", False, (Page(1, text),), found, embeddings.draw(len(found)))
    digest = sha256(f"{collection_id} {name}".encode()).hexdigest()
    new = NewDocument(collection_id, name, digest, len(text), "text/plain")
    document, _ = add_document(connection, new)
    publish(connection, document.id, content, embedder_id(connection, model))
    return document
