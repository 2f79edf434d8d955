"""The nouns of the product as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""One box per character: x0, y0, x1, y1 in points, y upwards; all zero where there is none."""

Vector = NDArray[np.float32]
"""An embedding of length 1, shape (dimensions,)."""

Vectors = NDArray[np.float32]
"""One embedding per row, shape (n, dimensions), each of length 1."""


class DocumentState(StrEnum):
    """Where a document stands on its way to being searchable."""

    QUEUED = "queued"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of documents searched together; the unit of access.

    ``model`` names the model that answers questions about it; empty for the configured one.
    """

    id: int
    name: str
    created_at: datetime
    document_count: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An uploaded file as a unit. ``name`` is for people and is never used as a path.

    A ``restricted`` document is read by those alone who are named as its readers.
    """

    id: int
    collection_id: int
    name: str
    content_sha256: str
    size_bytes: int
    media_type: str
    state: DocumentState
    created_at: datetime
    updated_at: datetime
    error_code: str | None = None
    error_message: str | None = None
    title: str = ""
    language: str = ""
    paged: bool = False
    page_count: int = 0
    chunk_count: int = 0
    seq: int | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page of a document: the exact text that spans and boxes refer to.

    ``number`` counts from 1. ``label`` is the printed page number or the name of a slide or sheet.
    ``boxes`` is None where the format has no geometry.
    """

    number: int
    text: str
    label: str = ""
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0
    boxes: Boxes | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` up to, not including, ``end`` of a page's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A retrievable piece of one page; ``text`` equals the page's text at ``span``.

    ``table_header`` is the header row of the table that the chunk continues, empty otherwise.
    """

    page: int
    span: Span
    text: str
    section: tuple[str, ...] = ()
    language: str = ""
    table_header: str = ""

    def header(self, document_name: str) -> str:
        """The lines that are embedded and indexed before the text, and never stored with it."""
        lines = [document_name, " > ".join(self.section), self.table_header]
        return "\n".join(line for line in lines if line)

    def with_header(self, document_name: str) -> str:
        """What is embedded and indexed of the chunk."""
        return f"{self.header(document_name)}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What one question may see: every document of ``collections``, and each of ``documents``.

    Those that are ``excluded`` it may not, whatever else names them.
    """

    collections: frozenset[int] = field(default_factory=frozenset)
    documents: frozenset[int] = field(default_factory=frozenset)
    excluded: frozenset[int] = field(default_factory=frozenset)

    def allows(self, collection_id: int, document_id: int) -> bool:
        """Whether a document of a collection lies inside."""
        if document_id in self.excluded:
            return False
        return collection_id in self.collections or document_id in self.documents


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What is put before questions and before passages; an empty one leaves the model's own."""

    query: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class EmbedderModel:
    """Which model, read how, made a vector; vectors of different models are never compared.

    ``revision`` is the checksum of the weights where it is known. ``languages`` are those that the
    model covers, empty for all. ``window`` is how many tokens of a text it reads, apart from its
    special tokens; it says nothing of what it leaves out.
    """

    name: str
    revision: str
    dimensions: int
    query_prefix: str = ""
    document_prefix: str = ""
    languages: frozenset[str] = field(default_factory=frozenset)
    window: int = 254

    def prefixed(self, prefixes: Prefixes) -> EmbedderModel:
        """The model with other prefixes, where they say something."""
        return replace(
            self,
            query_prefix=prefixes.query or self.query_prefix,
            document_prefix=prefixes.document or self.document_prefix,
        )

    def covers(self, language: str) -> bool:
        """Whether the model was trained for a language."""
        return not self.languages or language in self.languages


FlagCode = Literal[
    "instruction_override",
    "role_change",
    "model_address",
    "prompt_disclosure",
    "concealment",
    "control_token",
    "exfiltration",
]
"""What a passage asks of a language model: to leave its instructions, to be someone else, to feel
meant, to tell its instructions, to keep something from its user; tokens that only a program writes;
an image that would carry data away."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A passage of a document that seems to speak to a language model, not to a reader."""

    code: FlagCode
    page: int
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class DocumentContent:
    """All that one commit makes visible; ``vectors`` has one row for each chunk."""

    title: str
    language: str
    paged: bool
    pages: tuple[Page, ...]
    chunks: tuple[Chunk, ...]
    vectors: Vectors
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A document became visible, or stopped being so, at ``seq``."""

    seq: int
    document_id: int
    visible: bool


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as read back from the store, with where it belongs."""

    id: int
    document_id: int
    collection_id: int
    document_name: str
    chunk: Chunk
    page_label: str = ""
    paged: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a query.

    ``score`` is the fused score in 0..1 (plus the name bonus); ``dense_score`` the cosine,
    ``lexical_score`` the raw BM25; ranks count from 1 and are None where that list lacks the chunk.
    """

    stored: StoredChunk
    score: float
    dense_score: float | None = None
    dense_rank: int | None = None
    lexical_score: float | None = None
    lexical_rank: int | None = None
    name_score: float = 0.0
