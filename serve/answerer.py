"""The one way from a question to an answer, as a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from retrieval.database import Database
from retrieval.errors import CloisterError
from retrieval.retriever import Retrieval, Retriever
from retrieval.support import THRESHOLD, support_of
from retrieval.types import Hit, Scope, StoredChunk
from serve.citing import Citing, Passages, source_of
from serve.errors import LLMUnavailable
from serve.events import Degraded, Done, Event, Failed, Retrieved, Started, Text, Trace, Traced
from serve.llm import LLM, Assignment, Report, Turn
from serve.phrases import phrase


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier question of the conversation, and how it was answered.

    ``sources`` are its passages by their numbers; ``shown`` are the numbers of those that its
    prompt showed (all of them where no model wrote). ``opens_window`` as in ``serve.llm.Turn``.
    """

    question: str
    language: str
    written: str
    sources: Mapping[int, StoredChunk]
    shown: frozenset[int]
    opens_window: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, the scope that its asker may see, and the conversation before it, if any.

    ``model`` names another model than the configured one, or is empty.
    """

    question: str
    scope: Scope
    k: int = 8
    past: tuple[PastTurn, ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True)
class AnswererOptions:
    """``threshold`` is the support below which nothing is answered."""

    threshold: float = THRESHOLD


@dataclass(frozen=True, slots=True)
class Writers:
    """Who writes answers, and who stands in where that one cannot be used."""

    llm: LLM
    stand_in: LLM | None = None


class Answerer:
    """Retrieves, decides whether to answer, has the answer written, and checks its quotes."""

    def __init__(
        self,
        database: Database,
        retriever: Retriever,
        writers: Writers,
        options: AnswererOptions | None = None,
    ) -> None:
        self._database = database
        self._retriever = retriever
        self._writers = writers
        self._options = options or AnswererOptions()

    async def answer(self, inquiry: Inquiry) -> AsyncGenerator[Event, None]:
        """The events of one question; errors of our own become ``Failed``."""
        clock = _Clock()
        yield Started(inquiry.question)
        try:
            retrieval = await self._retrieved(inquiry)
        except CloisterError as error:
            yield _failed(error)
            return
        clock.retrieved()
        numbered = _numbered(inquiry.past, retrieval.hits)
        support = support_of(retrieval)
        yield Retrieved(retrieval.language, retrieval.hits, tuple(numbered), support)
        writing = _Writing(Citing(self._passages(inquiry, numbered)))
        failure: Failed | None = None
        if support < self._options.threshold:
            writing.citing.abstained = True
        else:
            assignment = _assignment(inquiry, retrieval, numbered)
            try:
                async with aclosing(self._written(assignment, writing)) as events:
                    async for event in events:
                        yield event
            except CloisterError as error:
                failure = _failed(error)
        for shown in await writing.citing.close():
            yield shown
        if writing.citing.abstained:
            yield Text(phrase("not_in_documents", retrieval.language))
        yield Traced(self._trace(retrieval, writing, clock))
        yield failure or _done(writing, clock)

    async def _retrieved(self, inquiry: Inquiry) -> Retrieval:
        return await asyncio.to_thread(
            self._retriever.retrieve, inquiry.question, inquiry.scope, inquiry.k
        )

    def _passages(self, inquiry: Inquiry, numbered: Mapping[int, StoredChunk]) -> Passages:
        chunks = dict(numbered)
        for turn in inquiry.past:
            chunks |= turn.sources
        return Passages(self._database, inquiry.scope, chunks)

    def _trace(self, retrieval: Retrieval, writing: _Writing, clock: _Clock) -> Trace:
        return Trace(
            llm=self._writers.llm.name,
            queries=(retrieval.query,),
            written=writing.citing.written,
            quotes=tuple(writing.citing.quotes),
            report=writing.report,
            retrieved_seconds=clock.retrieved_seconds,
            seconds=clock.seconds,
        )

    async def _written(
        self, assignment: Assignment, writing: _Writing
    ) -> AsyncGenerator[Event, None]:
        async with aclosing(self._pieces(assignment)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    for shown in await writing.citing.feed(piece):
                        yield shown
                elif isinstance(piece, Report):
                    writing.report = piece
                else:
                    writing.degraded = piece
                    yield piece

    async def _pieces(
        self, assignment: Assignment
    ) -> AsyncGenerator[str | Report | Degraded, None]:
        """What the LLM writes; where it cannot begin, what its stand-in writes."""
        has_begun = False
        try:
            async with aclosing(self._writers.llm.write(assignment)) as pieces:
                async for piece in pieces:
                    has_begun = True
                    yield piece
        except LLMUnavailable as error:
            if has_begun or self._writers.stand_in is None:
                raise
            yield Degraded(error.code, error.message)
            async for piece in self._writers.stand_in.write(assignment):
                yield piece


@dataclass(slots=True, eq=False)
class _Writing:
    """One answer while it is written."""

    citing: Citing
    report: Report | None = None
    degraded: Degraded | None = None


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


def _numbered(past: Sequence[PastTurn], hits: Sequence[Hit]) -> dict[int, StoredChunk]:
    """The hits by their numbers: the ones they had in earlier turns, or the next free ones."""
    known = {stored.id: n for turn in past for n, stored in turn.sources.items()}
    numbered: dict[int, StoredChunk] = {}
    for hit in hits:
        n = known.setdefault(hit.stored.id, max(known.values(), default=0) + 1)
        numbered[n] = hit.stored
    return numbered


def _assignment(
    inquiry: Inquiry, retrieval: Retrieval, numbered: Mapping[int, StoredChunk]
) -> Assignment:
    return Assignment(
        question=inquiry.question,
        retrieval=retrieval,
        sources=tuple(source_of(n, stored) for n, stored in numbered.items()),
        turns=tuple(
            Turn(
                question=turn.question,
                language=turn.language,
                written=turn.written,
                sources=tuple(source_of(n, turn.sources[n]) for n in sorted(turn.shown)),
                opens_window=turn.opens_window,
            )
            for turn in inquiry.past
        ),
        model=inquiry.model,
    )


def _done(writing: _Writing, clock: _Clock) -> Done:
    citing, report = writing.citing, writing.report
    return Done(
        abstained=citing.abstained,
        grounded=bool(citing.citations),
        truncated=report is not None and report.finish_reason == "length",
        seconds=clock.seconds,
    )


def _failed(error: CloisterError) -> Failed:
    return Failed(error.code, error.message, error.advice)
