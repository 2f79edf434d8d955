"""From what an LLM writes to what a reader sees: text, with each quote checked and cited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retrieval.boxes import span_rects
from retrieval.contents import read_page
from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.sentences import sentence_spans
from retrieval.store import get_document
from retrieval.types import Scope, Span, StoredChunk
from serve.answers.citations import Abstention, Quote, QuoteParser, VerifiedQuote, verified
from serve.answers.events import Citation, Cited, QuoteCheck, Struck, Text
from serve.answers.llm import Source

_SENTENCE_CHARACTERS = 2_000

Shown = Text | Cited | Struck


@dataclass(frozen=True, slots=True)
class Passages:
    """What may be quoted: stored chunks by their numbers, and the scope they are read under."""

    database: Database
    scope: Scope
    chunks: Mapping[int, StoredChunk]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The passages as an LLM sees them."""
        return tuple(source_of(n, stored) for n, stored in self.chunks.items())


class Citing:
    """Reads one answer while it is written; ``feed`` and ``close`` give what can be shown."""

    def __init__(self, passages: Passages) -> None:
        self._passages = passages
        self._sources = passages.sources
        self._parser = QuoteParser()
        self._pieces: list[str] = []
        self.text = ""
        self.abstained = False
        self.citations: list[Citation] = []
        self.quotes: list[QuoteCheck] = []

    @property
    def written(self) -> str:
        """All that was fed, in the quote protocol."""
        return "".join(self._pieces)

    async def feed(self, piece: str) -> list[Shown]:
        """What one more piece makes certain."""
        self._pieces.append(piece)
        return await self._shown(self._parser.feed(piece))

    async def close(self) -> list[Shown]:
        """What is left at the end of the answer."""
        return await self._shown(self._parser.close())

    async def _shown(self, parts: Iterable[str | Quote | Abstention]) -> list[Shown]:
        shown: list[Shown] = []
        for part in parts:
            if isinstance(part, str):
                shown.append(self._said(part))
            elif isinstance(part, Quote):
                shown += await asyncio.to_thread(self._checked, part)
            else:
                self.abstained = True
        return shown

    def _said(self, text: str) -> Text:
        self.text += text
        return Text(text)

    def _checked(self, quote: Quote) -> list[Shown]:
        found = verified(quote, self._sources)
        citation = self._cited(found) if found else None
        stored = self._passages.chunks.get(found.source.n if found else quote.source)
        document_id = stored.document_id if stored else None
        verdict = citation.verdict if citation else "struck"
        self.quotes.append(QuoteCheck(quote.source, quote.text, verdict, document_id))
        if citation is None:
            start, end = self._last_sentence()
            return [Struck(quote.text, start, end, quote.source, document_id)]
        for earlier in self.citations:
            if (earlier.chunk_id, earlier.span) == (citation.chunk_id, citation.span):
                return [self._said(f"[{earlier.n}]")]
        self.citations.append(citation)
        return [Cited(citation), self._said(f"[{citation.n}]")]

    def _last_sentence(self) -> tuple[int, int]:
        offset = max(0, len(self.text) - _SENTENCE_CHARACTERS)
        spans = sentence_spans(self.text[offset:])
        return (offset + spans[-1].start if spans else offset), len(self.text)

    def _cited(self, found: VerifiedQuote) -> Citation | None:
        """What a quote cites; None if it stands in a document that is gone by now."""
        try:
            return self._citation(found)
        except NotFound:
            return None

    def _citation(self, found: VerifiedQuote) -> Citation:
        stored = self._passages.chunks[found.source.n]
        scope = self._passages.scope
        with self._passages.database.read() as connection:
            document = get_document(connection, stored.document_id, scope)
            page = read_page(connection, stored.document_id, stored.chunk.page, scope)
        start = stored.chunk.span.start
        span = Span(start + found.span.start, start + found.span.end)
        return Citation(
            n=len(self.citations) + 1,
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
            verdict=found.verdict,
        )


def source_of(n: int, stored: StoredChunk) -> Source:
    """A stored chunk as an LLM sees it."""
    page = stored.page_label or str(stored.chunk.page)
    return Source(n=n, title=stored.document_name, page=page, text=stored.chunk.text)
