"""How an answer ended, written down in one commit with its citations, quotes and sources."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from retrieval.schema import (
    citations,
    conversations,
    documents,
    quotes,
    turn_documents,
    turn_sources,
    turns,
)
from retrieval.store import among
from serve.answers.citations import as_shown
from serve.answers.events import Answer, Citation, Failed, QuoteCheck
from serve.answers.extractive import NAME as EXTRACTIVE
from serve.answers.inquiry import PastTurn
from serve.answers.llm import NO_ANSWER, Report
from serve.answers.prompt import neutral
from serve.conversations.excerpts import cut, own_words
from serve.conversations.folding import folded
from serve.conversations.turns import TurnState, asked_of
from serve.inference.completion import Message

_MARK = re.compile(r"\[(\d{1,4})\]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer as far as it came, and the turns it was asked after."""

    answer: Answer
    state: TurnState
    past: tuple[PastTurn, ...] = ()


def finish_turn(connection: Connection, turn_id: int, outcome: Outcome) -> bool:
    """Write an answer down, with what of its documents is still there.

    Returns:
        Whether it was: not if the turn was deleted meanwhile.
    """
    question = connection.scalar(select(turns.c.question).where(turns.c.id == turn_id))
    if question is None:
        return False
    answer = outcome.answer
    said = _quotes(outcome)
    text = cut(_storable(answer.text), [as_shown(quote.text) for quote in said])
    failure, degraded, trace = answer.failure, answer.degraded, answer.trace
    values = {
        "state": outcome.state.value,
        "text": text,
        "written": cut(_storable(_written(outcome)), [quote.text for quote in said]),
        "folded": folded(f"{question} {own_words(text)}"),
        "language": answer.language,
        "support": answer.support,
        "abstained": answer.abstained,
        "grounded": answer.grounded,
        "truncated": answer.truncated,
        "citation_count": len(answer.citations),
        "struck": _struck(answer, said),
        "degraded_code": degraded.code if degraded else None,
        "degraded_message": _storable(degraded.message) if degraded else None,
        "error_code": failure.code if failure else None,
        "error_message": _storable(failure.message) if failure else None,
        "llm": trace.llm if trace else "",
        "queries": [_storable(query) for query in trace.queries] if trace else [],
        "retrieved_seconds": trace.retrieved_seconds if trace else 0.0,
        "seconds": trace.seconds if trace else answer.seconds,
        "opens_window": bool(trace and trace.report and trace.report.opens_window),
        "report": _report(trace.report) if trace and trace.report else None,
        "finished_at": time.time(),
    }
    connection.execute(update(turns).where(turns.c.id == turn_id).values(**values))
    _write_parts(connection, turn_id, outcome, said)
    return True


def fail_turn(connection: Connection, turn_id: int, failure: Failed) -> None:
    """Write down only that an answer failed.

    Nothing of its words is kept: they could not go with the documents that they are from.
    """
    connection.execute(
        update(turns)
        .where(turns.c.id == turn_id)
        .values(
            state=TurnState.FAILED.value,
            error_code=failure.code,
            error_message=failure.message,
            finished_at=time.time(),
        )
    )


def _quotes(outcome: Outcome) -> list[QuoteCheck]:
    return [replace(check, text=_storable(check.text)) for check in _checks(outcome)]


def _checks(outcome: Outcome) -> Sequence[QuoteCheck]:
    """What became of the quotes; of an answer that broke off, as far as its events tell."""
    answer = outcome.answer
    if answer.trace:
        return answer.trace.quotes
    numbers = _numbers(outcome)
    cited = [
        QuoteCheck(numbers.get(each.chunk_id, 0), _said(each), each.verdict, each.document_id)
        for each in answer.citations
    ]
    struck = [
        QuoteCheck(each.source, each.quote, "struck", each.document_id) for each in answer.struck
    ]
    return cited + struck


def _said(citation: Citation) -> str:
    """The words of a citation as the text of its answer has them, if it does."""
    return as_shown(neutral(citation.quote))


def _numbers(outcome: Outcome) -> dict[int, int]:
    """The number of each passage that may be quoted."""
    past = {each.id: n for turn in outcome.past for n, each in turn.sources.items()}
    pairs = zip(outcome.answer.hits, outcome.answer.numbers, strict=True)
    return past | {hit.stored.id: n for hit, n in pairs}


def _written(outcome: Outcome) -> str:
    """The answer in the quote protocol; of one that broke off, from its text and citations."""
    answer = outcome.answer
    if answer.trace:
        return answer.trace.written or (NO_ANSWER if answer.abstained else "")
    numbers = _numbers(outcome)
    by_mark = {str(each.n): each for each in answer.citations}

    def quoted(mark: re.Match[str]) -> str:
        citation = by_mark.get(mark[1])
        if citation is None:
            return mark[0]
        n = numbers.get(citation.chunk_id)
        return f'<q s="{n}">{_said(citation)}</q>' if n else ""

    return _MARK.sub(quoted, answer.text)


def _struck(answer: Answer, said: Sequence[QuoteCheck]) -> list[tuple[int, int, int]]:
    places = [place for place, quote in enumerate(said) if quote.verdict == "struck"]
    pairs = zip(places, answer.struck, strict=False)
    return [(place, struck.start, struck.end) for place, struck in pairs]


def _report(report: Report) -> dict[str, object]:
    return {
        "model": report.model,
        "finish_reason": report.finish_reason,
        "prompt_sha256": prompt_sha256(report.prompt),
        "usage": asdict(report.usage),
        "first_token_seconds": report.first_token_seconds,
        "left_out": list(report.left_out),
    }


def prompt_sha256(prompt: Iterable[Message]) -> str:
    """The SHA-256 of a prompt's messages as JSON."""
    messages = [{"role": each.role, "content": each.content} for each in prompt]
    return sha256(json.dumps(messages).encode()).hexdigest()


def _write_parts(
    connection: Connection, turn_id: int, outcome: Outcome, said: Sequence[QuoteCheck]
) -> None:
    answer = outcome.answer
    named = {quote.document_id for quote in said if quote.document_id is not None}
    named |= {citation.document_id for citation in answer.citations}
    sources = _source_rows(turn_id, answer)
    drawn_on = named | _shown_to_model(outcome, sources)
    there = _there(connection, drawn_on)
    cited = [_citation_row(turn_id, c) for c in answer.citations if c.document_id in there]
    quoted = [
        _quote_row(turn_id, place, quote)
        for place, quote in enumerate(said)
        if quote.document_id is None or quote.document_id in there
    ]
    for table, rows in (
        (citations, cited),
        (quotes, quoted),
        (turn_sources, sources),
        (turn_documents, _document_rows(connection, turn_id, drawn_on, there)),
    ):
        connection.execute(delete(table).where(table.c.turn_id == turn_id))
        if rows:
            connection.execute(insert(table), rows)


def _shown_to_model(outcome: Outcome, sources: Sequence[Mapping[str, Any]]) -> set[int]:
    """The documents that an answer in a model's own words may repeat."""
    trace = outcome.answer.trace
    if trace and trace.llm == EXTRACTIVE:
        return set()
    past = {each.document_id for turn in outcome.past for each in turn.sources.values()}
    return past | {row["document_id"] for row in sources if not row["left_out"]}


def _document_rows(
    connection: Connection, turn_id: int, drawn_on: set[int], there: set[int]
) -> list[dict[str, Any]]:
    """Of what went meanwhile nobody knows whether the reader could see it to its end: closed."""
    is_closed = _owner(connection, turn_id) is not None
    closed = _documents_of_begun(connection, turn_id)
    closed |= {each: is_closed and each not in there for each in drawn_on}
    return [
        {"turn_id": turn_id, "document_id": each, "closed": closed[each]} for each in sorted(closed)
    ]


def _documents_of_begun(connection: Connection, turn_id: int) -> dict[int, bool]:
    """What the answer that this one continues draws on, and whether that is closed."""
    asked = connection.scalar(select(turns.c.asked).where(turns.c.id == turn_id))
    continued = asked_of(asked).continues
    query = select(turn_documents.c.document_id, turn_documents.c.closed)
    rows = connection.execute(query.where(turn_documents.c.turn_id == continued))
    return {row.document_id: row.closed for row in rows}


def _owner(connection: Connection, turn_id: int) -> int | None:
    """Whose conversation a turn is in; None is the operator, who may read everything."""
    query = select(conversations.c.person_id).join(
        turns, turns.c.conversation_id == conversations.c.id
    )
    return connection.scalar(query.where(turns.c.id == turn_id))


def _there(connection: Connection, ids: set[int]) -> set[int]:
    query = select(documents.c.id).where(among(documents.c.id, ids))
    return set(connection.scalars(query))


def _citation_row(turn_id: int, citation: Citation) -> dict[str, object]:
    return {
        "turn_id": turn_id,
        "n": citation.n,
        "chunk_id": citation.chunk_id,
        "document_id": citation.document_id,
        "document_name": citation.document_name,
        "paged": citation.paged,
        "page": citation.page,
        "page_label": citation.page_label,
        "span_start": citation.span.start,
        "span_end": citation.span.end,
        "quote": citation.quote,
        "rects": [list(rect) for rect in citation.rects],
        "page_width": citation.page_size[0],
        "page_height": citation.page_size[1],
        "verdict": citation.verdict,
    }


def _quote_row(turn_id: int, place: int, quote: QuoteCheck) -> dict[str, object]:
    return {
        "turn_id": turn_id,
        "place": place,
        "document_id": quote.document_id,
        "source": quote.source,
        "text": quote.text,
        "folded": folded(quote.text),
        "verdict": quote.verdict,
    }


def _source_rows(turn_id: int, answer: Answer) -> list[dict[str, Any]]:
    report = answer.trace.report if answer.trace else None
    # Nothing was shown to anyone where nothing was written.
    unread = set(answer.numbers) if answer.abstained and report is None else set[int]()
    left_out = unread | set(report.left_out if report else ())
    return [
        {
            "turn_id": turn_id,
            "n": n,
            "chunk_id": hit.stored.id,
            "document_id": hit.stored.document_id,
            "score": hit.score,
            "left_out": n in left_out,
        }
        for hit, n in zip(answer.hits, answer.numbers, strict=True)
    ]


def _storable(text: str) -> str:
    """A text without what PostgreSQL cannot keep, each character in its place."""
    return _UNSTORABLE.sub("\ufffd", text)
