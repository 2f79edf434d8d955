"""One document from its original to being searchable: parse, chunk, embed, one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from ingest import jobs
from ingest.chunking import ChunkSize, chunks
from ingest.errors import DamagedFile, NoTextFound
from ingest.files import Originals
from ingest.instructions import instructions_in
from ingest.intake import Noted, not_noted
from ingest.jobs import Lease, Progress, Stage
from ingest.pages import DocumentInfo, ParsedPage
from ingest.sandbox import Limits, Sandbox
from retrieval.analysis import detect_language
from retrieval.contents import embedder_id, publish
from retrieval.database import Database
from retrieval.embedder import Embedder, checked_vectors
from retrieval.faults import fault
from retrieval.name_index import without_extension
from retrieval.store import get_document
from retrieval.types import Chunk, Document, DocumentContent, Vectors

_SLICE = 64
"""Chunks embedded between two looks at whether the job was cancelled."""

_LEAST_SHARE = 0.1
"""A language of less of the document is taken for a mistake of the detector."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What turning files into chunks needs."""

    database: Database
    originals: Originals
    embedder: Embedder
    limits: Limits
    chunk_size: ChunkSize
    sandbox: Sandbox = field(default_factory=Sandbox)
    noted: Noted = not_noted

    def ingest(self, lease: Lease, report: Callable[[Progress], None]) -> list[str]:
        """Make the document of a held job visible.

        ``report`` is told the progress, and raises JobCancelled when the job is to be left.

        Returns:
            The SHA-256 of originals that nothing needs any more.

        Raises:
            IngestError: The document cannot be taken in; nothing of it is visible.
        """
        with self.database.read() as connection:
            document = get_document(connection, lease.document_id)
        info, pages = self._parsed(document, report)
        if __debug__:
            fault("document_parsed")
        name = without_extension(document.name)
        language, found = self._chunked(name, pages, report)
        vectors = self._embedded(name, found, report)
        if __debug__:
            fault("document_embedded")
        content = DocumentContent(
            title=info.title,
            language=language,
            paged=info.paged,
            pages=tuple(parsed.page for parsed in pages),
            chunks=tuple(found),
            vectors=vectors,
            flags=instructions_in(parsed.page for parsed in pages),
        )
        with self.database.write() as connection:
            jobs.finish(connection, lease)
            model = embedder_id(connection, self.embedder.model)
            unused = publish(connection, document.id, content, model, self._replaced)
            if __debug__:
                fault("document_written")
        if __debug__:
            fault("document_published")
        return unused

    def _replaced(self, connection: Connection, document: Document, successor_id: int) -> None:
        self.noted(connection, "deleted", document, successor_id)

    def _parsed(
        self, document: Document, report: Callable[[Progress], None]
    ) -> tuple[DocumentInfo, list[ParsedPage]]:
        latest = Progress(Stage.PARSING, 0, document.size_bytes, "bytes")
        report(latest)

        def on_page(done: int, total: int) -> None:
            nonlocal latest
            latest = Progress(Stage.PARSING, done, max(done, total), "pages")

        def is_cancelled() -> bool:
            report(latest)
            return False

        with self.originals.local_path(document.content_sha256) as path:
            items = self.sandbox.parse(
                path, document.media_type, self.limits, on_page, is_cancelled
            )
            info, pages = _sorted_out(items)
        if not any(parsed.page.text.strip() for parsed in pages):
            raise NoTextFound("The document holds no text.")
        return info, pages

    def _chunked(
        self, name: str, pages: list[ParsedPage], report: Callable[[Progress], None]
    ) -> tuple[str, list[Chunk]]:
        languages = _languages(parsed.page.text for parsed in pages)
        found: list[Chunk] = []
        for parsed in pages:
            report(Progress(Stage.PARSING, len(pages), len(pages), "pages"))
            found += chunks(
                parsed,
                document_name=name,
                language=_language(parsed.page.text, languages),
                count_tokens=self.embedder.count_tokens,
                size=self.chunk_size.within(self.embedder.model.window),
            )
        return (languages[0] if languages else ""), found

    def _embedded(
        self, name: str, found: list[Chunk], report: Callable[[Progress], None]
    ) -> Vectors:
        # Sorted by length over the whole document, so that a slice pads little.
        order = sorted(range(len(found)), key=lambda i: len(found[i].text))
        vectors = np.empty((len(found), self.embedder.model.dimensions), np.float32)
        for start in range(0, len(order), _SLICE):
            report(Progress(Stage.EMBEDDING, start, len(found), "chunks"))
            batch = order[start : start + _SLICE]
            texts = [found[i].with_header(name) for i in batch]
            made = self.embedder.embed_documents(texts)
            vectors[batch] = checked_vectors(made, len(texts), self.embedder.model.dimensions)
        return vectors


def _sorted_out(
    items: Iterable[DocumentInfo | ParsedPage],
) -> tuple[DocumentInfo, list[ParsedPage]]:
    info: DocumentInfo | None = None
    pages: list[ParsedPage] = []
    for item in items:
        if isinstance(item, DocumentInfo):
            info = item
        else:
            pages.append(item)
    if info is None or not pages:
        raise DamagedFile("The file has no page.")
    return info, pages


def _languages(texts: Iterable[str]) -> list[str]:
    """The languages of a document by how much text they have, the main one first."""
    characters: Counter[str] = Counter()
    for text in texts:
        if language := detect_language(text):
            characters[language] += len(text)
    least = characters.total() * _LEAST_SHARE
    return [language for language, count in characters.most_common() if count >= least]


def _language(text: str, languages: list[str]) -> str:
    return detect_language(text, languages) if languages else ""
