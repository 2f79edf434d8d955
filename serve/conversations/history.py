"""Old answers, as the person may see them now.

An answer is shown as it was, boxes and all. What came from a document that is deleted is withheld:
quotes leave gaps, citations keep only their number. An answer that draws on a document outside of
the scope by now is withheld whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from retrieval.errors import NotFound
from retrieval.schema import citations, conversations, documents, feedback, quotes, turns
from retrieval.types import Scope, Span
from serve.answers.citations import as_shown
from serve.answers.events import Citation, Degraded, Failed, QuoteCheck, Struck
from serve.answers.phrases import phrase
from serve.caller import Caller
from serve.conversations.closing import draws_on_closed
from serve.conversations.excerpts import Restored, restored
from serve.conversations.feedback import Feedback
from serve.conversations.store import visible
from serve.conversations.turns import Asked, TurnState, asked_of
from serve.inference.completion import Usage


@dataclass(frozen=True, slots=True)
class Withheld:
    """A citation of a document that is gone."""

    n: int


@dataclass(frozen=True, slots=True)
class PastReport:
    """What is kept of a model's report; ``prompt_sha256`` is that of the messages as JSON."""

    model: str
    finish_reason: str
    prompt_sha256: str
    usage: Usage
    first_token_seconds: float
    left_out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A question and its answer.

    ``written`` is the answer in the quote protocol; ``complete`` is False where quotes are
    withheld from it. One that is ``closed`` is withheld whole, and its text says so.
    """

    id: int
    conversation_id: int
    parent_id: int | None
    question: str
    asked: Asked
    state: TurnState
    text: str
    written: str
    complete: bool
    closed: bool
    language: str
    support: float
    abstained: bool
    grounded: bool
    truncated: bool
    opens_window: bool
    llm: str
    queries: tuple[str, ...]
    report: PastReport | None
    retrieved_seconds: float
    seconds: float
    citations: tuple[Citation | Withheld, ...]
    struck: tuple[Struck, ...]
    degraded: Degraded | None
    failure: Failed | None
    feedback: Feedback | None
    created_at: datetime
    finished_at: datetime | None


def read_turns(
    connection: Connection, caller: Caller, conversation_id: int, scope: Scope
) -> dict[int, StoredTurn]:
    """All turns of a conversation by id, oldest first."""
    return turns_where(connection, caller, turns.c.conversation_id == conversation_id, scope)


def read_turn(connection: Connection, caller: Caller, turn_id: int, scope: Scope) -> StoredTurn:
    """One turn by its id."""
    found = turns_where(connection, caller, turns.c.id == turn_id, scope)
    if turn_id not in found:
        raise NotFound(f"No turn {turn_id}.")
    return found[turn_id]


def turns_where(
    connection: Connection, caller: Caller, condition: ColumnElement[bool], scope: Scope
) -> dict[int, StoredTurn]:
    """The turns of visible conversations that a condition on ``turns`` or ``feedback`` chooses."""
    rows = connection.execute(
        select(turns, feedback.c.value, feedback.c.reason, feedback.c.comment)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .outerjoin(feedback, feedback.c.turn_id == turns.c.id)
        .where(condition, visible(caller))
        .order_by(turns.c.id)
    ).all()
    chosen = (
        select(turns.c.id).outerjoin(feedback, feedback.c.turn_id == turns.c.id).where(condition)
    )
    closed = set(connection.scalars(chosen.where(draws_on_closed(scope))))
    cited = _citations(connection, citations.c.turn_id.in_(chosen), scope)
    quoted = _quotes(connection, quotes.c.turn_id.in_(chosen), scope)
    found = {row.id: _turn(row, cited[row.id], quoted[row.id]) for row in rows}
    return {each: _closed(turn) if each in closed else turn for each, turn in found.items()}


def _closed(turn: StoredTurn) -> StoredTurn:
    """A turn without its answer."""
    return replace(
        turn,
        text=phrase("closed", turn.language),
        written="",
        complete=False,
        closed=True,
        queries=(),
        citations=(),
        struck=(),
    )


def read_quotes(connection: Connection, turn_id: int, scope: Scope) -> list[QuoteCheck]:
    """What became of the quotes of a turn, as far as they may be seen; nothing of a closed one."""
    if connection.scalar(select(turns.c.id).where(turns.c.id == turn_id, draws_on_closed(scope))):
        return []
    return list(_quotes(connection, quotes.c.turn_id == turn_id, scope)[turn_id].values())


def _citations(
    connection: Connection, condition: ColumnElement[bool], scope: Scope
) -> Mapping[int, dict[int, Citation]]:
    rows = connection.execute(
        select(citations, documents.c.collection_id)
        .join(documents, documents.c.id == citations.c.document_id)
        .where(condition, documents.c.seq.is_not(None))
    )
    found: defaultdict[int, dict[int, Citation]] = defaultdict(dict)
    for row in rows:
        if scope.allows(row.collection_id, row.document_id):
            found[row.turn_id][row.n] = _citation(row)
    return found


def _quotes(
    connection: Connection, condition: ColumnElement[bool], scope: Scope
) -> Mapping[int, dict[int, QuoteCheck]]:
    rows = connection.execute(
        select(quotes, documents.c.collection_id, documents.c.seq)
        .outerjoin(documents, documents.c.id == quotes.c.document_id)
        .where(condition)
        .order_by(quotes.c.place)
    )
    found: defaultdict[int, dict[int, QuoteCheck]] = defaultdict(dict)
    for row in rows:
        is_ours = row.document_id is None  # Its words are in no document.
        if is_ours or (row.seq is not None and scope.allows(row.collection_id, row.document_id)):
            found[row.turn_id][row.place] = _quote(row)
    return found


def _quote(row: Row[Any]) -> QuoteCheck:
    return QuoteCheck(row.source, row.text, row.verdict, row.document_id)


def _citation(row: Row[Any]) -> Citation:
    return Citation(
        n=row.n,
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        collection_id=row.collection_id,
        document_name=row.document_name,
        paged=row.paged,
        page=row.page,
        page_label=row.page_label,
        span=Span(row.span_start, row.span_end),
        quote=row.quote,
        rects=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in row.rects),
        page_size=(row.page_width, row.page_height),
        verdict=row.verdict,
    )


def _turn(
    row: Row[Any], cited: Mapping[int, Citation], quoted: Mapping[int, QuoteCheck]
) -> StoredTurn:
    text = restored(row.text, {place: as_shown(check.text) for place, check in quoted.items()})
    written = restored(row.written, {place: check.text for place, check in quoted.items()})
    return StoredTurn(
        id=row.id,
        conversation_id=row.conversation_id,
        parent_id=row.parent_id,
        question=row.question,
        asked=asked_of(row.asked),
        state=TurnState(row.state),
        text=text.text,
        written=written.text,
        complete=text.complete and written.complete and len(cited) == row.citation_count,
        closed=False,
        language=row.language,
        support=row.support,
        abstained=row.abstained,
        grounded=row.grounded,
        truncated=row.truncated,
        opens_window=row.opens_window,
        llm=row.llm,
        queries=tuple(row.queries),
        report=_report(row.report) if row.report else None,
        retrieved_seconds=row.retrieved_seconds,
        seconds=row.seconds,
        citations=tuple(cited.get(n) or Withheld(n) for n in range(1, row.citation_count + 1)),
        struck=_struck(row.struck, text, quoted),
        degraded=Degraded(row.degraded_code, row.degraded_message) if row.degraded_code else None,
        failure=Failed(row.error_code, row.error_message) if row.error_code else None,
        feedback=Feedback(row.value, row.reason, row.comment) if row.value else None,
        created_at=_moment(row.created_at),
        finished_at=None if row.finished_at is None else _moment(row.finished_at),
    )


def _report(stored: Any) -> PastReport:
    given = dict(stored)
    usage, left_out = Usage(**given.pop("usage")), tuple(given.pop("left_out"))
    return PastReport(**given, usage=usage, left_out=left_out)


def _struck(
    stored: Sequence[tuple[int, int, int]], text: Restored, quoted: Mapping[int, QuoteCheck]
) -> tuple[Struck, ...]:
    gone = QuoteCheck(0, "", "struck")
    return tuple(
        Struck(check.text, text.moved(start), text.moved(end), check.source, check.document_id)
        for place, start, end in stored
        for check in [quoted.get(place, gone)]
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
