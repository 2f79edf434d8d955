"""What happens while a question is answered, and the answer that the events add up to.

The order is: Started, Retrieved, then Text and Cited (a citation comes before the text that bears
its number), then exactly one of Done and Failed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from retrieval.boxes import Rect
from retrieval.types import Hit, Span


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands.

    ``quote`` equals the stored text of the page at ``span``. ``rects`` cover it on the page, in
    points from the lower left (empty where the format has no geometry); ``page_size`` is
    (width, height). ``page`` counts from 1 and means something to a reader only if ``paged``.
    """

    n: int
    chunk_id: int
    document_id: int
    collection_id: int
    document_name: str
    paged: bool
    page: int
    page_label: str
    span: Span
    quote: str
    rects: tuple[Rect, ...]
    page_size: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Started:
    """The question is accepted."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages are found; ``support`` in 0..1 is how well they bear on the question."""

    language: str
    hits: tuple[Hit, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer; citations appear in it as [n]."""

    delta: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A quote was checked and is cited."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer cannot go on; what came before stays valid."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete; ``abstained`` if the documents do not hold it."""

    abstained: bool
    seconds: float


Event = Started | Retrieved | Text | Cited | Failed | Done


@dataclass(frozen=True, slots=True)
class Answer:
    """All events of one question together."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    support: float
    abstained: bool
    language: str
    seconds: float
    failure: Failed | None = None


async def collected(events: AsyncIterator[Event]) -> Answer:
    """The answer that a stream of events adds up to."""
    seen = [event async for event in events]
    retrieved = next((event for event in seen if isinstance(event, Retrieved)), None)
    done = next((event for event in seen if isinstance(event, Done)), None)
    return Answer(
        question=next((event.question for event in seen if isinstance(event, Started)), ""),
        text="".join(event.delta for event in seen if isinstance(event, Text)),
        citations=tuple(event.citation for event in seen if isinstance(event, Cited)),
        hits=retrieved.hits if retrieved else (),
        support=retrieved.support if retrieved else 0.0,
        language=retrieved.language if retrieved else "",
        abstained=bool(done and done.abstained),
        seconds=done.seconds if done else 0.0,
        failure=next((event for event in seen if isinstance(event, Failed)), None),
    )
