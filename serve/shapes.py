"""From our own values to what goes over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingest.jobs import Job, Stage
from retrieval.types import Document, Hit, StoredChunk
from serve.events import Answer, Citation, Cited, Done, Event, Failed, Retrieved, Started, Text
from serve.problems import recorded_problem
from serve.schemas import (
    AnswerOut,
    CitationOut,
    CitedEvent,
    DocumentOut,
    DoneEvent,
    EventOut,
    FailedEvent,
    HitOut,
    JobOut,
    Problem,
    RetrievedEvent,
    SpanOut,
    StartedEvent,
    TextEvent,
)


def document_out(document: Document) -> DocumentOut:
    """A document for the wire."""
    return DocumentOut(
        id=document.id,
        collection_id=document.collection_id,
        name=document.name,
        content_sha256=document.content_sha256,
        size_bytes=document.size_bytes,
        media_type=document.media_type,
        state=document.state.value,
        title=document.title,
        language=document.language,
        paged=document.paged,
        page_count=document.page_count,
        chunk_count=document.chunk_count,
        created_at=document.created_at,
        updated_at=document.updated_at,
        error=_recorded(document.error_code, document.error_message),
    )


def job_out(job: Job, searchable_seq: int) -> JobOut:
    """A job for the wire; one that is done but not yet searchable is still indexing."""
    is_behind = job.document_seq is not None and job.document_seq > searchable_seq
    return JobOut(
        id=job.id,
        document_id=job.document_id,
        collection_id=job.collection_id,
        name=job.document_name,
        stage="indexing" if job.stage is Stage.READY and is_behind else job.stage.value,
        done=job.done,
        total=job.total,
        unit=job.unit,
        attempts=job.attempts,
        created_at=datetime.fromtimestamp(job.created_at, UTC),
        updated_at=datetime.fromtimestamp(job.updated_at, UTC),
        error=_recorded(job.error_code, job.error_message),
    )


def _recorded(code: str | None, message: str | None) -> Problem | None:
    return recorded_problem(code, message or "") if code else None


def passage_fields(stored: StoredChunk) -> dict[str, Any]:
    """The fields of a PassageOut."""
    chunk = stored.chunk
    return {
        "chunk_id": stored.id,
        "document_id": stored.document_id,
        "collection_id": stored.collection_id,
        "document_name": stored.document_name,
        "paged": stored.paged,
        "page": chunk.page,
        "page_label": stored.page_label,
        "section": list(chunk.section),
        "language": chunk.language,
        "span": SpanOut(start=chunk.span.start, end=chunk.span.end),
        "quote": chunk.text,
    }


def hit_out(hit: Hit) -> HitOut:
    """A hit for the wire."""
    return HitOut(
        **passage_fields(hit.stored),
        score=hit.score,
        dense_score=hit.dense_score,
        dense_rank=hit.dense_rank,
        lexical_score=hit.lexical_score,
        lexical_rank=hit.lexical_rank,
        name_score=hit.name_score,
    )


def citation_out(citation: Citation) -> CitationOut:
    """A citation for the wire."""
    return CitationOut(
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
        url=f"/api/v1/documents/{citation.document_id}/content#page={citation.page}",
    )


def event_out(event: Event) -> EventOut:
    """An event for the wire."""
    match event:
        case Started(question):
            return StartedEvent(question=question)
        case Retrieved(language, hits, support):
            shown = [hit_out(hit) for hit in hits]
            return RetrievedEvent(language=language, support=support, hits=shown)
        case Text(delta):
            return TextEvent(delta=delta)
        case Cited(citation):
            return CitedEvent(citation=citation_out(citation))
        case Failed(code, message):
            return FailedEvent(error=recorded_problem(code, message))
        case Done(abstained, seconds):
            return DoneEvent(abstained=abstained, seconds=seconds)


def answer_out(answer: Answer) -> AnswerOut:
    """A whole answer for the wire."""
    return AnswerOut(
        question=answer.question,
        answer=answer.text,
        language=answer.language,
        abstained=answer.abstained,
        support=answer.support,
        citations=[citation_out(citation) for citation in answer.citations],
        hits=[hit_out(hit) for hit in answer.hits],
        seconds=answer.seconds,
    )
