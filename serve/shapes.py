"""From our own values to what goes over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ingest.job_listing import Job
from ingest.jobs import Stage
from retrieval.flags import ShownFlag
from retrieval.types import Document, Hit, StoredChunk
from serve.answers.guard import Guard
from serve.answers.guard_categories import CATEGORIES
from serve.answers.served_model import ServedModel
from serve.problems import recorded_problem
from serve.schemas import (
    DocumentDetails,
    DocumentOut,
    FlagOut,
    GuardOut,
    HitOut,
    JobOut,
    LLMOut,
    Problem,
    SpanOut,
)


def document_out(document: Document, flag_count: int) -> DocumentOut:
    """A document for the wire."""
    return DocumentOut(**_document_fields(document), flag_count=flag_count)


def document_details(document: Document, flags: Sequence[ShownFlag]) -> DocumentDetails:
    """A document for the wire with what was flagged in it."""
    shown = [
        FlagOut(
            code=each.flag.code,
            page=each.flag.page,
            span=SpanOut(start=each.flag.span.start, end=each.flag.span.end),
            text=each.text,
        )
        for each in flags
    ]
    return DocumentDetails(**_document_fields(document), flag_count=len(shown), flags=shown)


def _document_fields(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "collection_id": document.collection_id,
        "name": document.name,
        "content_sha256": document.content_sha256,
        "size_bytes": document.size_bytes,
        "media_type": document.media_type,
        "state": document.state.value,
        "title": document.title,
        "language": document.language,
        "paged": document.paged,
        "page_count": document.page_count,
        "chunk_count": document.chunk_count,
        "restricted": document.restricted,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "error": _recorded(document.error_code, document.error_message),
    }


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


def llm_out(model: ServedModel) -> LLMOut:
    """A served model for the wire."""
    able = model.watched.capabilities
    return LLMOut(
        url=model.watched.client.server.url,
        model=able.model,
        models=list(able.models),
        asked=model.watched.has_looked,
        writes=able.writes,
        context_tokens=able.context_tokens,
        tokenizes=able.tokenizes,
        json_schema=able.json_schema,
        grammar=able.grammar,
        is_llama=able.is_llama,
        running=model.admission.running,
        waiting=model.admission.waiting,
        trouble=able.trouble,
    )


def guard_out(guard: Guard) -> GuardOut:
    """A safety model for the wire."""
    able = guard.watched.capabilities
    return GuardOut(
        url=guard.watched.client.server.url,
        model=able.model,
        asked=guard.watched.has_looked,
        judges=able.writes,
        categories=[code for code in CATEGORIES if code in guard.options.categories],
        trouble=able.trouble,
    )


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
    return HitOut(**hit_fields(hit))


def hit_fields(hit: Hit) -> dict[str, Any]:
    """The fields of a HitOut."""
    return passage_fields(hit.stored) | {
        "score": hit.score,
        "dense_score": hit.dense_score,
        "dense_rank": hit.dense_rank,
        "lexical_score": hit.lexical_score,
        "lexical_rank": hit.lexical_rank,
        "name_score": hit.name_score,
    }
