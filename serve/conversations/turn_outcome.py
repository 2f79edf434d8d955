"""How an answer ended, written down in one commit with its citations, quotes and sources."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select, update

from retrieval.schema import citations, documents, quotes, turn_past_documents, turn_sources, turns
from retrieval.store import among
from serve.answers.events import Answer, Citation, QuoteCheck
from serve.answers.inquiry import PastTurn
from serve.answers.llm import NO_ANSWER, Report
from serve.conversations.excerpts import cut, own_words
from serve.conversations.folding import folded
from serve.conversations.turns import TurnState
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
    texts = [quote.text for quote in said]
    text = cut(_storable(answer.text), texts)
    failure, degraded, trace = answer.failure, answer.degraded, answer.trace
    values = {
        "state": outcome.state.value,
        "text": text,
        "written": cut(_storable(_written(outcome)), texts),
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


@dataclass(frozen=True, slots=True)
class _Quote:
    """A quote as it was written, and the document that it comes from or was said to."""

    source: int
    text: str
    verdict: str
    document_id: int | None


def _quotes(outcome: Outcome) -> list[_Quote]:
    documents_of = _documents(outcome)
    cited = {citation.quote.strip(): citation.document_id for citation in outcome.answer.citations}
    return [
        _Quote(
            check.source,
            _storable(check.text),
            check.verdict,
            cited.get(check.text.strip(), documents_of.get(check.source)),
        )
        for check in _checks(outcome.answer)
    ]


def _checks(answer: Answer) -> Sequence[QuoteCheck]:
    """What became of the quotes; of an answer that broke off, as far as its events tell."""
    if answer.trace:
        return answer.trace.quotes
    numbers = _numbers(answer)
    cited = [
        QuoteCheck(numbers.get(each.chunk_id, 0), each.quote, each.verdict)
        for each in answer.citations
    ]
    return cited + [QuoteCheck(0, each.quote, "struck") for each in answer.struck]


def _numbers(answer: Answer) -> dict[int, int]:
    pairs = zip(answer.hits, answer.numbers, strict=True)
    return {hit.stored.id: n for hit, n in pairs}


def _documents(outcome: Outcome) -> dict[int, int]:
    """The document of each source, by its number."""
    found = {n: each.document_id for turn in outcome.past for n, each in turn.sources.items()}
    answer = outcome.answer
    pairs = zip(answer.hits, answer.numbers, strict=True)
    return found | {n: hit.stored.document_id for hit, n in pairs}


def _written(outcome: Outcome) -> str:
    """The answer in the quote protocol; of one that broke off, from its text and citations."""
    answer = outcome.answer
    if answer.trace:
        return answer.trace.written or (NO_ANSWER if answer.abstained else "")
    numbers = _numbers(answer)
    by_mark = {str(each.n): each for each in answer.citations}

    def quoted(mark: re.Match[str]) -> str:
        citation = by_mark.get(mark[1])
        if citation is None:
            return mark[0]
        n = numbers.get(citation.chunk_id)
        return f'<q s="{n}">{citation.quote}</q>' if n else ""

    return _MARK.sub(quoted, answer.text)


def _struck(answer: Answer, said: Sequence[_Quote]) -> list[tuple[int, int, int]]:
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
    connection: Connection, turn_id: int, outcome: Outcome, said: Sequence[_Quote]
) -> None:
    answer = outcome.answer
    named = {quote.document_id for quote in said} | {each.document_id for each in answer.citations}
    there = _there(connection, {each for each in named if each is not None})
    cited = [_citation_row(turn_id, c) for c in answer.citations if c.document_id in there]
    quoted = [
        _quote_row(turn_id, place, quote)
        for place, quote in enumerate(said)
        if quote.document_id is None or quote.document_id in there
    ]
    for table, rows in (
        (citations, cited),
        (quotes, quoted),
        (turn_sources, _source_rows(turn_id, answer)),
        (turn_past_documents, _past_rows(turn_id, outcome)),
    ):
        connection.execute(delete(table).where(table.c.turn_id == turn_id))
        if rows:
            connection.execute(insert(table), rows)


def _past_rows(turn_id: int, outcome: Outcome) -> list[dict[str, object]]:
    ids = {each.document_id for turn in outcome.past for each in turn.sources.values()}
    return [{"turn_id": turn_id, "document_id": each} for each in sorted(ids)]


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


def _quote_row(turn_id: int, place: int, quote: _Quote) -> dict[str, object]:
    return {
        "turn_id": turn_id,
        "place": place,
        "document_id": quote.document_id,
        "source": quote.source,
        "text": quote.text,
        "folded": folded(quote.text),
        "verdict": quote.verdict,
    }


def _source_rows(turn_id: int, answer: Answer) -> list[dict[str, object]]:
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
