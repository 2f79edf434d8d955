"""The dense, lexical and name indexes, kept in step with the store by following its ``seq``."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, func, select

from retrieval.analysis import ANALYSIS_VERSION, terms
from retrieval.contents import (
    IndexedDocument,
    embedder_id,
    read_indexed_document,
    visible_documents,
)
from retrieval.database import Database
from retrieval.dense import DenseIndex
from retrieval.faults import fault
from retrieval.language_counts import LanguageCounts
from retrieval.lexical import LexicalEntry, LexicalIndex
from retrieval.name_index import NameIndex, without_extension
from retrieval.schema import changes, chunks, documents
from retrieval.snapshot import load_snapshot, save_snapshot
from retrieval.store import changes_after, current_seq
from retrieval.types import Change, EmbedderModel

log = logging.getLogger(__name__)

_BATCH = 200
_SNAPSHOT_EVERY = 2_000
"""Visible changes after which the snapshot is written anew; the rest is replayed at start."""

FIRST_PURGE_SECONDS = 5.0
"""A process that lives only for one question must not spend it on rewriting files."""

_PURGE_PAUSES = 20
"""After rewriting the files without deleted text, wait this many times as long as it took."""


class Indexes:
    """What searching needs beside SQL.

    ``catch_up`` is quick and runs before every search, so that what was deleted is gone from the
    very next one. ``maintain`` does the slow rest (BM25 commit, merge, snapshot) in the background,
    and takes deleted text and vectors out of the files, not before ``first_purge`` seconds.
    """

    def __init__(
        self,
        database: Database,
        model: EmbedderModel,
        folder: Path,
        first_purge: float = FIRST_PURGE_SECONDS,
    ) -> None:
        self._database = database
        self._dimensions = model.dimensions
        self._applying = threading.Lock()
        self._maintaining = threading.Lock()
        self._closing = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self._snapshot_path = folder / "dense.snapshot"
        self._purged = _Mark(folder / "purged")
        self._purging = False
        self._next_purge = time.monotonic() + first_purge
        self.names = NameIndex()
        self._languages = LanguageCounts()
        with database.write() as connection:
            self._embedder_id = embedder_id(connection, model)
            latest = current_seq(connection)
            self._files_hold_deleted = _latest_removal(connection) > self._purged.read()
        self._generation = _generation(self._embedder_id, model)
        self.dense, self._seq = self._loaded(latest)
        self._snapshot_seq = self._seq
        self._load_names(self._seq)
        self.lexical = LexicalIndex(folder / "lexical", self._generation)
        if self.lexical.seq > latest:
            log.warning("the lexical index is ahead of the database and starts empty")
            self.lexical.clear()

    def _loaded(self, latest: int) -> tuple[DenseIndex, int]:
        """The dense index from its snapshot, if that belongs to this database."""
        loaded = load_snapshot(self._snapshot_path, self._generation)
        if loaded:
            dense, seq = loaded
            if seq <= latest and dense.documents() == self._visible_at(seq):
                return loaded
            log.warning("the dense snapshot is not of this database and starts empty")
        return DenseIndex(self._dimensions), 0

    def _visible_at(self, seq: int) -> set[int]:
        """The documents that were visible at ``seq``, by the changes up to there."""
        latest = (
            select(func.max(changes.c.seq))
            .where(changes.c.seq <= seq)
            .group_by(changes.c.document_id)
        )
        query = select(changes.c.document_id).where(changes.c.seq.in_(latest), changes.c.visible)
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def _load_names(self, seq: int) -> None:
        with self._database.read() as connection:
            rows = connection.execute(
                select(documents.c.id, documents.c.name, documents.c.language).where(
                    documents.c.seq <= seq
                )
            ).all()
            shares = connection.execute(
                select(chunks.c.document_id, chunks.c.language, func.count())
                .join(documents, documents.c.id == chunks.c.document_id)
                .where(documents.c.seq <= seq)
                .group_by(chunks.c.document_id, chunks.c.language)
            ).all()
        for document_id, name, language in rows:
            self.names.add(document_id, terms(without_extension(name), language))
        languages: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for document_id, language, count in shares:
            languages[document_id][language] = count
        for document_id, counts in languages.items():
            self._languages.add(document_id, counts)

    @property
    def seq(self) -> int:
        """The latest change that searching sees in full."""
        return min(self._seq, self.lexical.seq)

    def languages(self) -> Sequence[str]:
        """The languages of the chunks, the commonest first."""
        return self._languages.common()

    def catch_up(self) -> None:
        """Bring the dense and name indexes to the store's seq."""
        with self._database.read() as connection:
            if current_seq(connection) == self._seq:
                return
        with self._applying:
            while found := self._changes_after(self._seq):
                # A replacement is one commit: the new version is added before the old one goes, so
                # that no search finds neither.
                for change in sorted(found, key=lambda change: not change.visible):
                    self._apply(change)
                self._seq = found[-1].seq
                if not all(change.visible for change in found):
                    self._files_hold_deleted = True

    def _changes_after(self, seq: int) -> list[Change]:
        """The next changes, never the removals of a replacement without what replaces them."""
        with self._database.read() as connection:
            found = changes_after(connection, seq, _BATCH)
            while found and not found[-1].visible:
                following = changes_after(connection, found[-1].seq, 1)
                if not following:
                    break
                found += following
        return found

    def _apply(self, change: Change) -> None:
        document = self._visible_document(change.document_id) if change.visible else None
        if document is None:
            self.dense.remove_document(change.document_id)
            self.names.remove(change.document_id)
            self._languages.remove(change.document_id)
            return
        if self.dense.contains_document(document.document_id):
            return
        name = terms(without_extension(document.name), document.language)
        self.names.add(document.document_id, name)
        languages = Counter(stored.chunk.language for stored in document.chunks)
        self._languages.add(document.document_id, languages)
        ids = [stored.id for stored in document.chunks]
        self.dense.add(document.document_id, document.collection_id, ids, document.vectors)

    def _visible_document(self, document_id: int) -> IndexedDocument | None:
        with self._database.read() as connection:
            return read_indexed_document(
                connection, document_id, self._embedder_id, self._dimensions
            )

    def maintain(self) -> None:
        """Bring every index to the store's seq and write down what is worth it."""
        with self._maintaining:
            self.catch_up()
            if self._purging or self.is_purge_due:
                self._purge()
            self._catch_up_lexical()
            if self.dense.needs_merge:
                self.dense.merge()
            if self._seq - self._snapshot_seq >= _SNAPSHOT_EVERY:
                self._save()

    def _catch_up_lexical(self) -> None:
        while found := self._changes_after(self.lexical.seq):
            if self._closing.is_set():
                return
            for change in found:
                self.lexical.remove_document(change.document_id)
                if change.visible:
                    self._add_lexical(change.document_id)
            if __debug__:
                fault("lexical_added")
            self.lexical.commit(found[-1].seq)
            if __debug__:
                fault("lexical_committed")

    def _add_lexical(self, document_id: int) -> None:
        document = self._visible_document(document_id)
        if document is not None:
            self.lexical.add(_entries(document))

    @property
    def is_purge_due(self) -> bool:
        """Whether ``maintain`` would take deleted text out of the files now."""
        return self._files_hold_deleted and time.monotonic() >= self._next_purge

    def _purge(self) -> None:
        """Make the files anew from what is visible: what was deleted lies in them until then."""
        begun = time.monotonic()
        with self._database.read() as connection:
            ids = visible_documents(connection)
            seq, removal = current_seq(connection), _latest_removal(connection)
        # Where this is cut short, nothing may be committed but another whole run.
        self._purging = True
        self.lexical.remove_all()
        for document_id in ids:
            if self._closing.is_set():
                return
            self._add_lexical(document_id)
        self.lexical.commit(seq)
        self._purging = False
        if __debug__:
            fault("lexical_purged")
        self.catch_up()
        self.dense.merge()
        self._snapshot_seq = -1
        self._save()
        self._purged.write(removal)
        with self._applying, self._database.read() as connection:
            self._files_hold_deleted = _latest_removal(connection) > removal
        now = time.monotonic()
        self._next_purge = now + _PURGE_PAUSES * (now - begun)

    def _save(self) -> None:
        with self._applying:
            if self._seq != self._snapshot_seq:
                save_snapshot(self.dense, self._snapshot_path, self._generation, self._seq)
                self._snapshot_seq = self._seq

    def close(self) -> None:
        """Write the snapshot and give the files up; a long catching-up goes on at next start."""
        self._closing.set()
        with self._maintaining:
            try:
                self._save()
            except OSError:
                log.warning("no snapshot could be written", exc_info=True)
            self.lexical.close()


@dataclass(frozen=True, slots=True)
class _Mark:
    """A number in a file, 0 where there is none."""

    path: Path

    def read(self) -> int:
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return 0

    def write(self, value: int) -> None:
        temporary = self.path.with_name(self.path.name + ".tmp")
        temporary.write_text(str(value))
        temporary.replace(self.path)


def _latest_removal(connection: Connection) -> int:
    """The seq of the latest change by which a document stopped being visible."""
    query = select(changes.c.seq).where(changes.c.visible.is_(False))
    return connection.scalar(query.order_by(changes.c.seq.desc()).limit(1)) or 0


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
    facts = {
        **asdict(model),
        "languages": sorted(model.languages),
        "embedder": embedder,
        "analysis": ANALYSIS_VERSION,
    }
    return sha256(repr(sorted(facts.items())).encode()).hexdigest()[:32]
