"""What goes over the wire, in pydantic models; inside the program there are none of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from retrieval.boxes import Rect
from retrieval.types import FlagCode

LARGEST_ID = (1 << 63) - 1
MAX_QUESTION_CHARACTERS = 4_000
MAX_K = 100
MAX_SCOPE_ITEMS = 1_000
MAX_FIELDS = 64


def storable(text: str) -> str:
    """The text, if every database can keep it."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("must hold no NUL and no half of a surrogate pair")
    return text


class Wire(BaseModel):
    """What we send; read from the attributes of our own values."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """What we are sent; fields that we do not know are refused.

    Lists in it are read up to the first item that breaks a rule (``fail_fast``): telling each of
    them would cost more than reading a whole body.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: object) -> object:
        """What is given; each unknown field would be told by itself."""
        if isinstance(given, dict) and len(given) > MAX_FIELDS:
            raise ValueError(f"holds more than {MAX_FIELDS} fields")
        return given


class FieldError(Wire):
    """Which part of a request breaks which rule."""

    field: str
    message: str


class Problem(Wire):
    """An error by RFC 9457; ``code`` is stable, ``advice`` says what to do.

    ``reason`` is a stable word for why, where one code has several.

    ``retry_after`` is in seconds, where trying again may help.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    reason: str | None = None
    advice: str | None = None
    retry_after: int | None = None
    instance: str | None = None
    request_id: str | None = None
    errors: list[FieldError] | None = None


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION_CHARACTERS),
    AfterValidator(storable),
]
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$"
    ),
    AfterValidator(storable),
]
CollectionRef = Id | Name


ModelName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$"),
    AfterValidator(storable),
]


class CollectionBody(Body):
    """A collection to be made."""

    name: Name


class CollectionPatch(Body):
    """What is to change of a collection; with an empty ``model`` the configured one answers."""

    name: Name | None = None
    model: ModelName | None = None


class ScopeBody(Body):
    """What part of the documents is asked: these collections and these documents, or all."""

    collections: list[CollectionRef] = Field(
        default_factory=list, max_length=MAX_SCOPE_ITEMS, fail_fast=True
    )
    documents: list[Id] = Field(default_factory=list, max_length=MAX_SCOPE_ITEMS, fail_fast=True)
    k: int = Field(default=8, ge=1, le=MAX_K)


class SearchBody(ScopeBody):
    """Words to search for."""

    query: Words


AnswerLanguage = Literal[
    "question", "ar", "de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru", "th", "zh"
]
"""The language to answer in; ``question`` is the one that the question asks for."""


def named_language(chosen: AnswerLanguage) -> str:
    """The language that is named, or an empty text for that of the question."""
    return "" if chosen == "question" else chosen


class ChatBody(ScopeBody):
    """A question to answer; ``trace`` asks how the answer came about."""

    question: Words
    language: AnswerLanguage = "question"
    trace: bool = False


class QuotaOut(Wire):
    """How much is kept, and how much may be; a null is for as much as there is space for."""

    bytes: int | None
    documents: int | None
    used_bytes: int
    used_documents: int


class CollectionOut(Wire):
    """A collection; ``role`` is what is granted of it to who asks.

    ``document_count`` counts the documents that who asks may read. ``quota`` is for managers and
    administrators, where there is one.
    """

    id: int
    name: str
    created_at: datetime
    document_count: int
    model: str
    role: Literal["reader", "writer", "manager"] | None = None
    quota: QuotaOut | None = None


class DocumentOut(Wire):
    """A document; ``error`` says why it failed, ``restricted`` that only its readers see it.

    ``flag_count`` is how many of its passages seem to speak to a language model, not to a reader.
    """

    id: int
    collection_id: int
    name: str
    content_sha256: str
    size_bytes: int
    media_type: str
    state: str
    title: str
    language: str
    paged: bool
    page_count: int
    chunk_count: int
    flag_count: int
    restricted: bool
    created_at: datetime
    updated_at: datetime
    error: Problem | None = None


class JobOut(Wire):
    """The way of a document in; ``ready`` means that searching finds it."""

    id: int
    document_id: int
    collection_id: int
    name: str
    stage: Literal["queued", "parsing", "embedding", "indexing", "ready", "failed", "cancelled"]
    done: int
    total: int
    unit: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    error: Problem | None = None


class UploadItem(Wire):
    """What became of one file of an upload; ``new_version`` of a document of the same name."""

    name: str
    document_id: int | None = None
    job_id: int | None = None
    duplicate: bool = False
    new_version: bool = False
    error: Problem | None = None


class UploadLimitsOut(Wire):
    """What an upload may hold: bytes of a file, number of files, and how their names may end."""

    file_bytes: int
    files: int
    endings: list[str]


class SamplesBody(Body):
    """The language of the sample documents."""

    language: Literal["en", "fr"]


class UploadOut(Wire):
    """What became of the files of an upload, in their order."""

    items: list[UploadItem]


class SamplesOut(UploadOut):
    """The sample documents on their way in, where to, and questions that they answer."""

    collection: CollectionOut
    questions: list[str]


class CollectionList(Wire):
    """All collections."""

    items: list[CollectionOut]
    next_cursor: str | None = None


class DocumentList(Wire):
    """Some documents; ``next_cursor`` asks for the next ones."""

    items: list[DocumentOut]
    next_cursor: str | None = None


class JobList(Wire):
    """Some jobs; ``next_cursor`` asks for the next ones."""

    items: list[JobOut]
    next_cursor: str | None = None


class SectionStartOut(Wire):
    """From character ``start`` on, a page stands under these headings, outermost first."""

    start: int
    section: list[str]


class PageOut(Wire):
    """A page of a document, with the text that spans refer to; sizes in points."""

    number: int
    label: str
    text: str
    width: float
    height: float
    rotation: int
    sections: list[SectionStartOut]


class SpanOut(Wire):
    """Characters ``start`` up to, not including, ``end`` of the page's text."""

    start: int
    end: int


class FlagOut(Wire):
    """A passage that seems to speak to a language model; ``text`` is how it begins."""

    code: FlagCode
    page: int
    span: SpanOut
    text: str


class DocumentDetails(DocumentOut):
    """A document with what was flagged in it; a document has at most 200 flags."""

    flags: list[FlagOut]


class PassageOut(Wire):
    """A piece of a document, word for word."""

    chunk_id: int
    document_id: int
    collection_id: int
    document_name: str
    paged: bool
    page: int
    page_label: str
    section: list[str]
    language: str
    span: SpanOut
    quote: str


class PlacedPassage(PassageOut):
    """A passage and where it stands on its page: rectangles in points from the lower left."""

    rects: list[Rect]
    page_size: tuple[float, float]


class HitOut(PassageOut):
    """A passage that was found; ranks count from 1 and are absent where that search missed it."""

    score: float
    dense_score: float | None
    dense_rank: int | None
    lexical_score: float | None
    lexical_rank: int | None
    name_score: float


class SearchOut(Wire):
    """What a search found, best first."""

    items: list[HitOut]
    language: str


class SuggestionOut(Wire):
    """A question that a document probably answers."""

    question: str
    document_id: int
    document_title: str


class SuggestionList(Wire):
    """Questions to begin with; none where there is nothing to ask about."""

    items: list[SuggestionOut]


class JobsSnapshot(Wire):
    """The jobs under way when the stream begins."""

    type: Literal["snapshot"] = "snapshot"
    jobs: list[JobOut]


class JobChanged(Wire):
    """A job as it is now."""

    type: Literal["job"] = "job"
    job: JobOut


class JobRemoved(Wire):
    """A job that was under way is gone with its document."""

    type: Literal["removed"] = "removed"
    job_id: int


JobEvent = JobsSnapshot | JobChanged | JobRemoved


class LLMOut(Wire):
    """The model that writes answers, and what its server can do for us.

    ``trouble`` says why it cannot write, if so; until it was ``asked``, nothing is known of it.
    ``is_llama`` says that "Built with Llama" is due.
    """

    url: str
    model: str
    models: list[str]
    asked: bool
    writes: bool
    context_tokens: int | None
    tokenizes: bool
    json_schema: bool
    grammar: bool
    is_llama: bool
    running: int
    waiting: int
    trouble: str


class GuardOut(Wire):
    """The safety model; where it does not judge, for its ``trouble``, nothing is answered."""

    url: str
    model: str
    asked: bool
    judges: bool
    categories: list[str]
    trouble: str


class EmbedderOut(Wire):
    """The embedder in use."""

    name: str
    revision: str
    dimensions: int


class StatusOut(Wire):
    """How a server is and what it holds; ``index_seq`` behind ``seq`` means it is catching up.

    Where things are, and how much goes on for other people, is empty or 0 but for administrators.
    """

    version: str
    pid: int
    ready: bool
    trouble: str
    data_folder: str
    data_bytes: int
    database: str
    sqlite_version: str | None
    collections: int
    documents: dict[str, int]
    chunks: int
    active_jobs: int
    workers: int
    seq: int
    index_seq: int
    embedder: EmbedderOut | None
    llm: LLMOut | None
    guard: GuardOut | None


class Health(Wire):
    """Whether a server lives, or is ready to answer."""

    status: Literal["ok", "starting"]
