"""What happens while a question is answered, and the answer that the events add up to.

The order is: Started, Retrieved, Queued while the model is busy with others (before Retrieved where
it is to rewrite the question), Degraded where another writer stands in; then Text, Cited (a
citation comes before the text that bears its number) and Struck; then Traced and exactly one of
Done and Failed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from retrieval.boxes import Rect
from retrieval.errors import CloisterError
from retrieval.types import Hit, Span
from serve.answers.llm import Report
from serve.errors import Busy

Verdict = Literal["exact", "relinked", "approximate", "struck"]
"""What became of a quote: it stands in the source it names, in another one, nearly so, nowhere."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands.

    ``quote`` equals the stored text of the page at ``span``. ``rects`` cover it on the page, in
    points from the lower left (empty where the format has no geometry); ``page_size`` is
    (width, height). ``page`` counts from 1 and means something to a reader only if ``paged``.
    ``verdict`` is never ``struck``.
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
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Started:
    """The question is accepted."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages are found; ``support`` in 0..1 is how well they bear on the question.

    ``numbers`` are those of the hits as sources of this conversation, one each.
    """

    language: str
    hits: tuple[Hit, ...]
    numbers: tuple[int, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Queued:
    """The model is busy; ``place`` counts from 1, the next to be answered."""

    place: int


@dataclass(frozen=True, slots=True)
class Degraded:
    """The model cannot be used, by this error; the documents' own sentences follow instead."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer; citations appear in it as [n]."""

    delta: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A quote was checked and is cited."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Struck:
    """A quote stood in no source and is left out.

    The sentence from ``start`` to ``end`` of the answer's text so far has nothing to show for it.
    ``source`` and ``document_id`` as in ``QuoteCheck``.
    """

    quote: str
    start: int
    end: int
    source: int = 0
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteCheck:
    """A quote as it was written, and what became of it.

    ``source`` is the number that it names; ``document_id`` is where it stands or else was said to,
    None where that is no document.
    """

    source: int
    text: str
    verdict: Verdict
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about.

    ``queries`` are the question and its rewrite, if any; ``written`` is the answer in the quote
    protocol; ``report`` is None where no model wrote. Seconds run from the question.
    """

    llm: str
    queries: tuple[str, ...]
    written: str
    quotes: tuple[QuoteCheck, ...]
    report: Report | None
    retrieved_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Traced:
    """How the answer came about, once it is there."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer cannot go on; what came before stays valid.

    ``retry_after`` is in seconds, where it is known when asking again may help.
    """

    code: str
    message: str
    advice: str = ""
    retry_after: int | None = None

    @classmethod
    def by(cls, error: CloisterError) -> Failed:
        """That an error ended it."""
        retry_after = error.retry_after if isinstance(error, Busy) else None
        return cls(error.code, error.message, error.advice, retry_after)


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete; ``abstained`` if the documents do not hold it.

    ``grounded`` says whether it has a citation; ``truncated`` that it ran out of tokens.
    """

    abstained: bool
    grounded: bool
    truncated: bool
    seconds: float


Event = Started | Retrieved | Queued | Degraded | Text | Cited | Struck | Traced | Failed | Done


@dataclass(frozen=True, slots=True)
class Answer:
    """All events of one question together."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    numbers: tuple[int, ...]
    support: float
    abstained: bool
    language: str
    seconds: float
    grounded: bool = False
    truncated: bool = False
    struck: tuple[Struck, ...] = ()
    degraded: Degraded | None = None
    trace: Trace | None = None
    failure: Failed | None = None


async def collected(events: AsyncIterator[Event]) -> Answer:
    """The answer that a stream of events adds up to."""
    return answer_of([event async for event in events])


def answer_of(seen: Sequence[Event]) -> Answer:
    """The answer that events add up to, all of them or the first ones."""
    started = _first(seen, Started)
    retrieved = _first(seen, Retrieved)
    done = _first(seen, Done)
    traced = _first(seen, Traced)
    return Answer(
        question=started.question if started else "",
        text="".join(event.delta for event in seen if isinstance(event, Text)),
        citations=tuple(event.citation for event in seen if isinstance(event, Cited)),
        hits=retrieved.hits if retrieved else (),
        numbers=retrieved.numbers if retrieved else (),
        support=retrieved.support if retrieved else 0.0,
        language=retrieved.language if retrieved else "",
        abstained=bool(done and done.abstained),
        seconds=done.seconds if done else 0.0,
        grounded=bool(done and done.grounded),
        truncated=bool(done and done.truncated),
        struck=tuple(event for event in seen if isinstance(event, Struck)),
        degraded=_first(seen, Degraded),
        trace=traced.trace if traced else None,
        failure=_first(seen, Failed),
    )


_E = TypeVar("_E")


def _first(events: Sequence[Event], kind: type[_E]) -> _E | None:
    return next((event for event in events if isinstance(event, kind)), None)
