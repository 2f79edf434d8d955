"""The one way from a question to an answer, as a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from retrieval.boxes import span_rects
from retrieval.contents import read_page
from retrieval.database import Database
from retrieval.errors import CloisterError
from retrieval.retriever import Retrieval, Retriever
from retrieval.store import get_document
from retrieval.support import THRESHOLD, support_of
from retrieval.types import Hit, Scope, Span
from serve.citations import Abstention, Quote, QuoteParser, VerifiedQuote, verified
from serve.events import Citation, Cited, Done, Event, Failed, Retrieved, Started, Text
from serve.llm import LLM, Assignment, Source
from serve.phrases import phrase


@dataclass(frozen=True, slots=True)
class AnswererOptions:
    """``threshold`` is the support below which nothing is answered."""

    threshold: float = THRESHOLD


class Answerer:
    """Retrieves, decides whether to answer, has the answer written, and checks its quotes."""

    def __init__(
        self,
        database: Database,
        retriever: Retriever,
        llm: LLM,
        options: AnswererOptions | None = None,
    ) -> None:
        self._database = database
        self._retriever = retriever
        self._llm = llm
        self._options = options or AnswererOptions()

    async def answer(self, question: str, scope: Scope, k: int = 8) -> AsyncIterator[Event]:
        """The events of one question inside a scope; errors of our own become ``Failed``."""
        begun = time.monotonic()
        yield Started(question)
        abstained = False
        try:
            retrieval = await asyncio.to_thread(self._retriever.retrieve, question, scope, k)
            support = support_of(retrieval)
            yield Retrieved(retrieval.language, retrieval.hits, support)
            if support < self._options.threshold:
                abstained = True
            else:
                async for event in self._written(retrieval, scope):
                    abstained = abstained or isinstance(event, Abstention)
                    if not isinstance(event, Abstention):
                        yield event
            if abstained:
                yield Text(phrase("not_in_documents", retrieval.language))
        except CloisterError as error:
            yield Failed(error.code, error.message)
            return
        yield Done(abstained, time.monotonic() - begun)

    async def _written(
        self, retrieval: Retrieval, scope: Scope
    ) -> AsyncIterator[Text | Cited | Abstention]:
        sources = tuple(_source(n, hit) for n, hit in enumerate(retrieval.hits, start=1))
        parser = QuoteParser()
        cited: list[Citation] = []
        async for piece in self._llm.write(Assignment(retrieval.query, retrieval, sources)):
            for part in parser.feed(piece):
                if isinstance(part, Quote):
                    for event in await asyncio.to_thread(
                        self._cited, part, sources, retrieval.hits, scope, cited
                    ):
                        yield event
                else:
                    yield Text(part) if isinstance(part, str) else part
        for rest in parser.close():
            yield Text(rest)

    def _cited(
        self,
        quote: Quote,
        sources: tuple[Source, ...],
        hits: tuple[Hit, ...],
        scope: Scope,
        cited: list[Citation],
    ) -> list[Text | Cited]:
        """The citation of a quote and its mark in the text; nothing if the quote stands nowhere."""
        found = verified(quote, sources)
        if found is None:
            return []
        citation = self._citation(found, hits[found.source.n - 1], len(cited) + 1, scope)
        for earlier in cited:
            if (earlier.chunk_id, earlier.span) == (citation.chunk_id, citation.span):
                return [Text(f"[{earlier.n}]")]
        cited.append(citation)
        return [Cited(citation), Text(f"[{citation.n}]")]

    def _citation(self, found: VerifiedQuote, hit: Hit, n: int, scope: Scope) -> Citation:
        stored = hit.stored
        with self._database.read() as connection:
            document = get_document(connection, stored.document_id, scope)
            page = read_page(connection, stored.document_id, stored.chunk.page, scope)
        start = stored.chunk.span.start
        span = Span(start + found.span.start, start + found.span.end)
        return Citation(
            n=n,
            chunk_id=stored.id,
            document_id=stored.document_id,
            collection_id=stored.collection_id,
            document_name=document.name,
            paged=document.paged,
            page=page.number,
            page_label=page.label,
            span=span,
            quote=page.text[span.start : span.end],
            rects=() if page.boxes is None else tuple(span_rects(page.boxes, span)),
            page_size=(page.width, page.height),
        )


def _source(n: int, hit: Hit) -> Source:
    stored = hit.stored
    page = stored.page_label or str(stored.chunk.page)
    return Source(n=n, title=stored.document_name, page=page, text=stored.chunk.text)
