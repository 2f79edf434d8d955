"""The one way from a question to an answer, as a stream of events."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count

from retrieval.database import Database
from retrieval.errors import CloisterError
from retrieval.retriever import Retrieval
from retrieval.support import THRESHOLD
from retrieval.types import Hit, StoredChunk
from serve.answers.citations import quoted_sources
from serve.answers.citing import Citing, Passages, source_of
from serve.answers.events import (
    Done,
    Event,
    Failed,
    Queued,
    Retrieved,
    Started,
    Text,
    Trace,
    Traced,
)
from serve.answers.follow_up import Finder, Found
from serve.answers.inquiry import Inquiry
from serve.answers.llm import Assignment, Report, Turn
from serve.answers.phrases import phrase
from serve.answers.writers import Writers
from serve.inference.admission import Ticket
from serve.request_turns import leave_turn
from serve.telemetry.spans import traced


@dataclass(frozen=True, slots=True)
class AnswererOptions:
    """``threshold`` is the support below which nothing is answered."""

    threshold: float = THRESHOLD


class Answerer:
    """Retrieves, decides whether to answer, has the answer written, and checks its quotes."""

    def __init__(
        self,
        database: Database,
        finder: Finder,
        writers: Writers,
        options: AnswererOptions | None = None,
    ) -> None:
        self._database = database
        self._finder = finder
        self._writers = writers
        self._options = options or AnswererOptions()

    async def answer(self, inquiry: Inquiry) -> AsyncGenerator[Event, None]:
        """The events of one question; errors of our own become ``Failed``.

        Raises:
            TooManyQuestions: Before the first event: too many wait for the model.
        """
        with self._writers.ticket(inquiry.asker) as ticket:
            clock = _Clock()
            # Models are waited for without it.
            leave_turn()
            yield Started(inquiry.question)
            if ticket is not None and self._finder.asks_model(inquiry):
                async for place in ticket.places():
                    yield Queued(place)
            try:
                with traced("retrieval") as span:
                    found = await self._finder.found(inquiry)
                    span.attributes["cloister.passages"] = len(found.retrieval.hits)
            except CloisterError as error:
                yield Failed.by(error)
                return
            clock.retrieved()
            async with aclosing(self._answered(inquiry, found, ticket, clock)) as events:
                async for event in events:
                    yield event

    async def _answered(
        self, inquiry: Inquiry, found: Found, ticket: Ticket | None, clock: _Clock
    ) -> AsyncGenerator[Event, None]:
        hits = _with_quoted(inquiry, found.retrieval.hits)
        language = inquiry.language or found.retrieval.language
        retrieval = replace(found.retrieval, hits=hits, language=language)
        numbered = _numbered(inquiry, retrieval.hits)
        yield Retrieved(retrieval.language, retrieval.hits, tuple(numbered), found.support)
        writing = _Writing(Citing(self._passages(inquiry, numbered)))
        failure: Failed | None = None
        if found.support < self._options.threshold:
            writing.citing.abstained = True
        else:
            assignment = assignment_of(inquiry, retrieval, numbered)
            try:
                async with aclosing(self._written(assignment, ticket, writing)) as events:
                    async for event in events:
                        yield event
            except CloisterError as error:
                failure = Failed.by(error)
        for shown in await writing.citing.close():
            yield shown
        if writing.citing.abstained:
            yield Text(phrase("not_in_documents", retrieval.language))
        yield Traced(self._trace(found, writing, clock))
        yield failure or _done(writing, clock)

    def _passages(self, inquiry: Inquiry, numbered: Mapping[int, StoredChunk]) -> Passages:
        chunks = {n: hit.stored for n, hit in inquiry.begun_sources.items()} | dict(numbered)
        for turn in inquiry.past:
            chunks |= turn.sources
        return Passages(self._database, inquiry.scope, chunks)

    def _trace(self, found: Found, writing: _Writing, clock: _Clock) -> Trace:
        return Trace(
            llm=self._writers.llm.name,
            queries=found.queries,
            written=writing.citing.written,
            quotes=tuple(writing.citing.quotes),
            report=writing.report,
            retrieved_seconds=clock.retrieved_seconds,
            seconds=clock.seconds,
        )

    async def _written(
        self, assignment: Assignment, ticket: Ticket | None, writing: _Writing
    ) -> AsyncGenerator[Event, None]:
        for shown in await writing.citing.feed(assignment.begun):
            yield shown
        async with aclosing(self._writers.write(assignment, ticket)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    for shown in await writing.citing.feed(piece):
                        yield shown
                elif isinstance(piece, Report):
                    writing.report = piece
                else:
                    yield piece


@dataclass(slots=True, eq=False)
class _Writing:
    """One answer while it is written."""

    citing: Citing
    report: Report | None = None


class _Clock:
    """Seconds since the question."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self.retrieved_seconds = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def retrieved(self) -> None:
        self.retrieved_seconds = self.seconds


def _with_quoted(inquiry: Inquiry, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, and the passages that the answer so far quotes, in the order of ``Finder``."""
    found = {hit.stored.id for hit in hits}
    quoted = [inquiry.begun_sources.get(n) for n in quoted_sources(inquiry.begun)]
    more = [hit for hit in quoted if hit is not None and hit.stored.id not in found]
    return tuple(sorted([*hits, *more], key=lambda hit: (-hit.score, hit.stored.id)))


def _numbered(inquiry: Inquiry, hits: Sequence[Hit]) -> dict[int, StoredChunk]:
    """The hits by their numbers: the ones they had before, or the next free ones."""
    known = {stored.id: n for turn in inquiry.past for n, stored in turn.sources.items()}
    known |= {hit.stored.id: n for n, hit in inquiry.begun_sources.items()}
    free = count(max(inquiry.first_free, 1 + max(known.values(), default=0)))
    return {known.get(hit.stored.id) or next(free): hit.stored for hit in hits}


def assignment_of(
    inquiry: Inquiry, retrieval: Retrieval, numbered: Mapping[int, StoredChunk]
) -> Assignment:
    """What an LLM is to do about a question, whose passages go by these numbers, best first."""
    return Assignment(
        question=inquiry.question,
        retrieval=retrieval,
        sources=tuple(source_of(n, stored) for n, stored in numbered.items()),
        turns=tuple(
            Turn(
                question=turn.question,
                language=turn.language,
                written=turn.written,
                sources=tuple(source_of(n, turn.sources[n]) for n in turn.shown),
                opens_window=turn.opens_window,
            )
            for turn in inquiry.past
        ),
        begun=inquiry.begun,
        model=inquiry.model,
        request_id=inquiry.request_id,
        asker=inquiry.asker,
    )


def _done(writing: _Writing, clock: _Clock) -> Done:
    citing, report = writing.citing, writing.report
    return Done(
        abstained=citing.abstained,
        grounded=bool(citing.citations),
        truncated=report is not None and report.finish_reason == "length",
        seconds=clock.seconds,
    )
