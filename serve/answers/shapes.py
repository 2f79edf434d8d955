"""From answers and their events to what goes over the wire."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.types import Hit
from serve.answers import schemas as wire
from serve.answers.events import (
    Answer,
    Citation,
    Cited,
    Degraded,
    Done,
    Event,
    Failed,
    Queued,
    Retrieved,
    Started,
    Struck,
    Text,
    Trace,
    Traced,
)
from serve.problems import recorded_problem
from serve.schemas import Problem, SpanOut
from serve.shapes import hit_fields


def citation_out(citation: Citation) -> wire.CitationOut:
    """A citation for the wire."""
    return wire.CitationOut(
        n=citation.n,
        chunk_id=citation.chunk_id,
        document_id=citation.document_id,
        collection_id=citation.collection_id,
        document_name=citation.document_name,
        paged=citation.paged,
        page=citation.page,
        page_label=citation.page_label,
        span=SpanOut(start=citation.span.start, end=citation.span.end),
        quote=citation.quote,
        rects=list(citation.rects),
        page_size=citation.page_size,
        verdict=citation.verdict,
        url=f"/api/v1/documents/{citation.document_id}/content#page={citation.page}",
    )


def sources_out(hits: Sequence[Hit], numbers: Sequence[int]) -> list[wire.SourceOut]:
    """Hits and their numbers for the wire."""
    return [wire.SourceOut(**hit_fields(hit), n=n) for hit, n in zip(hits, numbers, strict=True)]


def trace_out(trace: Trace) -> wire.TraceOut:
    """A trace for the wire."""
    return wire.TraceOut.model_validate(trace)


def event_out(event: Event) -> wire.EventOut:
    """An event for the wire."""
    return _ending_out(event) if isinstance(event, _ENDINGS) else _piece_out(event)


def failure_problem(failed: Failed) -> Problem:
    """A failed answer as an error."""
    problem = recorded_problem(failed.code, failed.message, failed.advice)
    if failed.retry_after is None:
        return problem
    return problem.model_copy(update={"retry_after": failed.retry_after})


_Ending = Traced | Failed | Done
_ENDINGS = (Traced, Failed, Done)


def _ending_out(event: _Ending) -> wire.EventOut:
    match event:
        case Traced(trace):
            return wire.TraceEvent(trace=trace_out(trace))
        case Failed():
            return wire.FailedEvent(error=failure_problem(event))
        case Done():
            return wire.DoneEvent.model_validate(event)


def _piece_out(
    event: Started | Retrieved | Queued | Degraded | Text | Cited | Struck,
) -> wire.EventOut:
    match event:
        case Started():
            return wire.StartedEvent.model_validate(event)
        case Retrieved(language, hits, numbers, support):
            shown = sources_out(hits, numbers)
            return wire.RetrievedEvent(language=language, support=support, hits=shown)
        case Queued(place):
            return wire.QueuedEvent(place=place)
        case Degraded(code, message):
            return wire.DegradedEvent(error=recorded_problem(code, message))
        case Text(delta):
            return wire.TextEvent(delta=delta)
        case Cited(citation):
            return wire.CitedEvent(citation=citation_out(citation))
        case Struck():
            return wire.StruckEvent.model_validate(event)


def answer_out(answer: Answer, *, with_trace: bool = False) -> wire.AnswerOut:
    """A whole answer for the wire."""
    degraded = answer.degraded
    return wire.AnswerOut(
        question=answer.question,
        answer=answer.text,
        language=answer.language,
        abstained=answer.abstained,
        grounded=answer.grounded,
        truncated=answer.truncated,
        support=answer.support,
        citations=[citation_out(citation) for citation in answer.citations],
        struck=[wire.StruckOut.model_validate(each) for each in answer.struck],
        hits=sources_out(answer.hits, answer.numbers),
        degraded=recorded_problem(degraded.code, degraded.message) if degraded else None,
        seconds=answer.seconds,
        trace=trace_out(answer.trace) if with_trace and answer.trace else None,
    )
