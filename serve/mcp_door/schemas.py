"""What the tools take and give; the schemas that assistants read are made of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from serve.answers.events import Verdict
from serve.schemas import MAX_K, Body, CollectionRef, Wire, Words

_Collection = Annotated[
    CollectionRef | None, Field(description="Only this collection, by its name or its id.")
]


class SearchArguments(Body):
    """Words to search for."""

    query: Annotated[Words, Field(description="What to look for: a question or a few words.")]
    k: Annotated[int, Field(ge=1, le=MAX_K, description="How many passages.")] = 8
    collection: _Collection = None


class FetchArguments(Body):
    """A document to read."""

    id: Annotated[
        str,
        Field(min_length=1, max_length=50, description="A passage or a document, as found."),
    ]
    part: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="Which part of a long text; without it, the one that holds the passage.",
        ),
    ] = None


class AskArguments(Body):
    """A question to answer."""

    question: Annotated[Words, Field(description="The question, in any language.")]
    collection: _Collection = None


class FoundPassage(Wire):
    """A passage, word for word; ``url`` is where this server shows it on its page."""

    id: str
    document_id: str
    title: str
    text: str
    page: int | None
    section: list[str]
    score: float
    url: str


class SearchResult(Wire):
    """The passages that fit best, the best first."""

    results: list[FoundPassage]
    language: str


class FetchedPassage(Wire):
    """Where the passage that was asked for stands in the whole text."""

    text: str
    page: int | None
    start: int
    end: int


class Metadata(Wire):
    """What is known about a document."""

    collection_id: int
    name: str
    title: str
    media_type: str
    language: str
    size_bytes: int
    page_count: int
    created_at: datetime


class FetchResult(Wire):
    """The text of a document, or a part of it; a form feed divides its pages."""

    id: str
    document_id: str
    title: str
    text: str
    url: str
    part: int
    part_count: int
    metadata: Metadata
    passage: FetchedPassage | None


class Cited(Wire):
    """A quote that was checked word for word; ``n`` is its number in the answer."""

    n: int
    id: str
    document_id: str
    title: str
    page: int | None
    quote: str
    verdict: Verdict
    url: str


class AskResult(Wire):
    """An answer from the documents; ``abstained`` says that they do not hold it.

    ``degraded`` says why the documents' own sentences stand in for the model's, if they do.
    """

    answer: str
    language: str
    abstained: bool
    grounded: bool
    truncated: bool
    citations: list[Cited]
    degraded: str | None
