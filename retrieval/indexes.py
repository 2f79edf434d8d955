"""The dense, lexical and name indexes, kept in step with the store by following its ``seq``."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select

from retrieval.analysis import terms
from retrieval.contents import IndexedDocument, embedder_id, read_indexed_document
from retrieval.database import Database
from retrieval.dense import DenseIndex
from retrieval.lexical import LexicalEntry, LexicalIndex
from retrieval.name_index import NameIndex, without_extension
from retrieval.schema import chunks, documents
from retrieval.snapshot import load_snapshot, save_snapshot
from retrieval.store import changes_after, current_seq
from retrieval.types import Change, EmbedderModel

log = logging.getLogger(__name__)

_BATCH = 200
_SNAPSHOT_EVERY = 2_000
"""Visible changes after which the snapshot is written anew; the rest is replayed at start."""

_RARE_LANGUAGE = 0.005
"""A language with a smaller share of the chunks is taken for a mistake of the detector."""


class Indexes:
    """What searching needs beside SQL.

    ``catch_up`` is quick and runs before every search, so that what was deleted is gone from the
    very next one. ``maintain`` does the slow rest (BM25 commit, merge, snapshot) in the background.
    """

    def __init__(self, database: Database, model: EmbedderModel, folder: Path) -> None:
        self._database = database
        self._dimensions = model.dimensions
        self._applying = threading.Lock()
        self._maintaining = threading.Lock()
        self._closing = threading.Event()
        self._snapshot_path = folder / "dense.snapshot"
        self.names = NameIndex()
        self._languages: Counter[str] = Counter()
        with database.write() as connection:
            self._embedder_id = embedder_id(connection, model)
        self._generation = _generation(self._embedder_id, model)
        loaded = load_snapshot(self._snapshot_path, self._generation)
        self.dense, self._seq = loaded or (DenseIndex(model.dimensions), 0)
        self._snapshot_seq = self._seq
        self._load_names(self._seq)
        self.lexical = LexicalIndex(folder / "lexical", self._generation)

    def _load_names(self, seq: int) -> None:
        with self._database.read() as connection:
            rows = connection.execute(
                select(documents.c.id, documents.c.name, documents.c.language).where(
                    documents.c.seq <= seq
                )
            ).all()
            shares = connection.execute(
                select(chunks.c.language, func.count())
                .join(documents, documents.c.id == chunks.c.document_id)
                .where(documents.c.seq <= seq)
                .group_by(chunks.c.language)
            ).all()
        for document_id, name, language in rows:
            self.names.add(document_id, terms(without_extension(name), language))
        self._languages.update({language: count for language, count in shares if language})

    @property
    def seq(self) -> int:
        """The latest change that searching sees in full."""
        return min(self._seq, self.lexical.seq)

    def languages(self) -> Sequence[str]:
        """The languages of the chunks, the commonest first."""
        least = self._languages.total() * _RARE_LANGUAGE
        return [language for language, count in self._languages.most_common() if count >= least]

    def catch_up(self) -> None:
        """Bring the dense and name indexes to the store's seq."""
        with self._database.read() as connection:
            if current_seq(connection) == self._seq:
                return
        with self._applying:
            while changes := self._changes_after(self._seq):
                for change in changes:
                    self._apply(change)
                    self._seq = change.seq

    def _changes_after(self, seq: int) -> list[Change]:
        with self._database.read() as connection:
            return changes_after(connection, seq, _BATCH)

    def _apply(self, change: Change) -> None:
        document = self._visible_document(change)
        if document is None:
            self.dense.remove_document(change.document_id)
            self.names.remove(change.document_id)
            return
        if self.dense.contains_document(document.document_id):
            return
        ids = [stored.id for stored in document.chunks]
        self.dense.add(document.document_id, document.collection_id, ids, document.vectors)
        language = document.chunks[0].chunk.language if document.chunks else ""
        self.names.add(document.document_id, terms(without_extension(document.name), language))
        for stored in document.chunks:
            if stored.chunk.language:
                self._languages[stored.chunk.language] += 1

    def _visible_document(self, change: Change) -> IndexedDocument | None:
        if not change.visible:
            return None
        with self._database.read() as connection:
            return read_indexed_document(
                connection, change.document_id, self._embedder_id, self._dimensions
            )

    def maintain(self) -> None:
        """Bring every index to the store's seq and write down what is worth it."""
        with self._maintaining:
            self.catch_up()
            self._catch_up_lexical()
            if self.dense.needs_merge:
                self.dense.merge()
            if self._seq - self._snapshot_seq >= _SNAPSHOT_EVERY:
                self._save()

    def _catch_up_lexical(self) -> None:
        while changes := self._changes_after(self.lexical.seq):
            if self._closing.is_set():
                return
            for change in changes:
                self.lexical.remove_document(change.document_id)
                document = self._visible_document(change)
                if document is not None:
                    self.lexical.add(_entries(document))
            self.lexical.commit(changes[-1].seq)

    def _save(self) -> None:
        with self._applying:
            if self._seq != self._snapshot_seq:
                save_snapshot(self.dense, self._snapshot_path, self._generation, self._seq)
                self._snapshot_seq = self._seq

    def close(self) -> None:
        """Write the snapshot and give the files up; a long catching-up goes on at next start."""
        self._closing.set()
        with self._maintaining:
            self._save()
            self.lexical.close()


def _entries(document: IndexedDocument) -> list[LexicalEntry]:
    return [
        LexicalEntry(
            chunk_id=stored.id,
            document_id=document.document_id,
            collection_id=document.collection_id,
            terms=terms(
                f"{stored.chunk.header(without_extension(document.name))}\n{stored.chunk.text}",
                stored.chunk.language,
            ),
        )
        for stored in document.chunks
    ]


def _generation(embedder: int, model: EmbedderModel) -> str:
    facts = {**asdict(model), "languages": sorted(model.languages), "embedder": embedder}
    return sha256(repr(sorted(facts.items())).encode()).hexdigest()[:32]
