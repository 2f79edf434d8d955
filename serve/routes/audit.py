"""The audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from serve.audit.acts import Act
from serve.audit.chain import verdict_on
from serve.audit.export import record_lines
from serve.audit.log import AuditFilter, Head, head_of, note, records_before
from serve.audit.schemas import AuditQuery, ChainOut, RecordList, RecordOut
from serve.errors import InvalidRequest
from serve.routes.parts import BackendPart, CallerPart, CursorPart, LimitPart, WatchPart
from serve.scope import check_administrator


def _administrator(caller: CallerPart) -> None:
    check_administrator(caller)


router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(_administrator)])


def _filter(query: Annotated[AuditQuery, Query()]) -> AuditFilter:
    return AuditFilter(**query.model_dump())


FilterPart = Annotated[AuditFilter, Depends(_filter)]


def _known(head: Annotated[str, Query(max_length=90)] = "") -> Head | None:
    if not head:
        return None
    seq, _, digest = head.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19 and len(digest) == 64):
        raise InvalidRequest("A head is SEQ:HASH, as the verification told it.")
    return Head(int(seq), digest.lower())


@router.get("")
def list_some(
    backend: BackendPart, wanted: FilterPart, before: CursorPart, limit: LimitPart = 100
) -> RecordList:
    """Records, the newest first."""
    with backend.database.read() as connection:
        found = records_before(connection, wanted, before or None, limit)
    following = str(found[-1].seq) if len(found) == limit else None
    return RecordList(
        items=[RecordOut.model_validate(each) for each in found], next_cursor=following
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}}},
)
def export(backend: BackendPart, watch: WatchPart, wanted: FilterPart) -> StreamingResponse:
    """Records as JSON lines, the oldest first; that they are taken out is one of them."""
    with backend.database.write() as connection:
        note(connection, Act.AUDIT_EXPORTED, "")
        head = head_of(connection)
    assert head is not None
    lines = record_lines(backend.database, wanted, head.seq)
    return StreamingResponse(
        watch.while_allowed(lines, watch.check_administrator),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
    )


@router.get("/verify")
def verify(backend: BackendPart, known: Annotated[Head | None, Depends(_known)]) -> ChainOut:
    """Whether the log is as it was written, and holds the record that was its last one before."""
    with backend.database.read() as connection:
        verdict = verdict_on(connection, known)
    return ChainOut.model_validate(
        {
            "whole": verdict.is_whole,
            "records": verdict.records,
            "head": verdict.head,
            "broken_at": verdict.broken_at,
            "reason": verdict.reason,
        }
    )
