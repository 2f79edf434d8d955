"""Answers over the wire, as one object or as a stream of events."""

from __future__ import annotations

from typing import Literal

from retrieval.boxes import Rect
from serve.answers.events import Verdict
from serve.schemas import HitOut, Problem, SpanOut, Wire


class CitationOut(Wire):
    """A checked quote; ``url`` is where its original can be fetched.

    ``verdict`` is ``exact``, ``relinked`` (it stands in another source than the one that was
    named) or ``approximate`` (its words are nearly those of the document, which are given here).
    """

    n: int
    chunk_id: int
    document_id: int
    collection_id: int
    document_name: str
    paged: bool
    page: int
    page_label: str
    span: SpanOut
    quote: str
    rects: list[Rect]
    page_size: tuple[float, float]
    verdict: Verdict
    url: str


class SourceOut(HitOut):
    """A passage that was found, and its number as a source of the conversation."""

    n: int


class StruckOut(Wire):
    """A quote that stands in no source; the sentence ``start`` to ``end`` is not verified."""

    quote: str
    start: int
    end: int


class QuoteCheckOut(Wire):
    """A quote as it was written, and what became of it."""

    source: int
    text: str
    verdict: Verdict


class MessageOut(Wire):
    """One message of a prompt."""

    role: str
    content: str


class UsageOut(Wire):
    """Tokens of a completion; ``cached_tokens`` of the prompt were not computed anew."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class ReportOut(Wire):
    """How a model wrote an answer; ``left_out`` are sources that found no room in the prompt."""

    model: str
    prompt: list[MessageOut]
    finish_reason: str
    usage: UsageOut
    first_token_seconds: float
    left_out: list[int]


class TraceOut(Wire):
    """How an answer came about; ``written`` is the answer in the quote protocol."""

    llm: str
    queries: list[str]
    written: str
    quotes: list[QuoteCheckOut]
    report: ReportOut | None
    retrieved_seconds: float
    seconds: float


class StartedEvent(Wire):
    """The question is accepted, as a turn of a conversation if it was asked in one."""

    type: Literal["started"] = "started"
    question: str
    conversation_id: int | None = None
    turn_id: int | None = None


class RetrievedEvent(Wire):
    """The passages are found; ``support`` in 0..1 is how well they bear on the question."""

    type: Literal["retrieved"] = "retrieved"
    language: str
    support: float
    hits: list[SourceOut]


class QueuedEvent(Wire):
    """The model is busy; ``place`` 1 is answered next."""

    type: Literal["queued"] = "queued"
    place: int


class DegradedEvent(Wire):
    """The model cannot be used; the documents' own sentences follow instead."""

    type: Literal["degraded"] = "degraded"
    error: Problem


class TextEvent(Wire):
    """The next piece of the answer; citations appear in it as [n]."""

    type: Literal["text"] = "text"
    delta: str


class CitedEvent(Wire):
    """A citation, sent before the text that bears its number."""

    type: Literal["cited"] = "cited"
    citation: CitationOut


class StruckEvent(StruckOut):
    """A quote was left out, since it stands in no source."""

    type: Literal["struck"] = "struck"


class TraceEvent(Wire):
    """How the answer came about, where that was asked for."""

    type: Literal["trace"] = "trace"
    trace: TraceOut


class FailedEvent(Wire):
    """The answer cannot go on; what came before stays valid. The last event."""

    type: Literal["failed"] = "failed"
    error: Problem


class DoneEvent(Wire):
    """The answer is complete. The last event.

    ``abstained`` says that the documents do not hold the answer, ``grounded`` that it has a
    citation, ``truncated`` that it ran out of tokens.
    """

    type: Literal["done"] = "done"
    abstained: bool
    grounded: bool
    truncated: bool
    seconds: float


EventOut = (
    StartedEvent
    | RetrievedEvent
    | QueuedEvent
    | DegradedEvent
    | TextEvent
    | CitedEvent
    | StruckEvent
    | TraceEvent
    | FailedEvent
    | DoneEvent
)

EVENT_SCHEMA = "#/components/schemas/AnswerEvent"
"""Where the document of the API has what a stream's events are."""


class AnswerOut(Wire):
    """A whole answer, as the events of its stream add up."""

    question: str
    answer: str
    language: str
    abstained: bool
    grounded: bool
    truncated: bool
    support: float
    citations: list[CitationOut]
    struck: list[StruckOut]
    hits: list[SourceOut]
    degraded: Problem | None
    seconds: float
    trace: TraceOut | None
