"""The dense, lexical and name indexes, kept in step with the store by following its ``seq``."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, func, select

from retrieval.analysis import ANALYSIS_VERSION, terms
from retrieval.contents import embedder_id
from retrieval.database import Database
from retrieval.dense import DenseIndex
from retrieval.faiss_tiers import Tiers
from retrieval.followed_store import FollowedStore, StoreState
from retrieval.language_counts import LanguageCounts
from retrieval.lexical import LexicalIndex
from retrieval.lexical_projection import LexicalProjection
from retrieval.name_index import NameIndex, without_extension
from retrieval.number_file import NumberFile
from retrieval.schema import changes, chunks, documents
from retrieval.snapshot import load_snapshot, save_snapshot
from retrieval.store import current_seq
from retrieval.types import Change, EmbedderModel, Scope

log = logging.getLogger(__name__)

_SNAPSHOT_EVERY = 2_000
"""Visible changes after which the snapshot is written anew; the rest is replayed at start."""

FIRST_PURGE_SECONDS = 5.0
"""A process that lives only for one question must not spend it on rewriting files."""

_PURGE_PAUSES = 20
"""After rewriting the files without deleted text, wait this many times as long as it took."""


class Indexes:
    """What searching needs beside SQL.

    ``catch_up`` is quick and runs before every search, so that what was deleted is gone from the
    very next one. ``follow`` also brings BM25 there. ``tidy`` does the slow rest beside them: it
    merges, writes the snapshot, and takes deleted text and vectors out of the files, not before
    ``first_purge`` seconds.
    """

    def __init__(
        self,
        database: Database,
        model: EmbedderModel,
        folder: Path,
        first_purge: float = FIRST_PURGE_SECONDS,
        tiers: Tiers | None = None,
    ) -> None:
        self._tiers = tiers
        self._applying = threading.Lock()
        self._tidying = threading.Lock()
        self._closing = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self._snapshot_path = folder / "dense.snapshot"
        self._purged = NumberFile(folder / "purged")
        self._next_purge = time.monotonic() + first_purge
        self.names = NameIndex()
        self._languages = LanguageCounts()
        with database.write() as connection:
            embedder = embedder_id(connection, model)
            latest = current_seq(connection)
        self._store = FollowedStore(database, embedder, model.dimensions)
        self._files_hold_deleted = self._store.latest_removal() > self._purged.read()
        self._generation = _generation(embedder, model)
        self.dense, self._seq = self._loaded(latest)
        self._snapshot_seq = self._seq
        self._load_names(self._seq)
        self.lexical_projection = LexicalProjection(
            self._store, folder, self._generation, self._closing
        )
        if self.lexical.seq > latest:
            log.warning("the lexical index is ahead of the database and starts empty")
            self.lexical.clear()

    @property
    def lexical(self) -> LexicalIndex:
        """The BM25 index of this moment."""
        return self.lexical_projection.index

    def _loaded(self, latest: int) -> tuple[DenseIndex, int]:
        """The dense index from its snapshot, if that belongs to this database."""
        loaded = load_snapshot(self._snapshot_path, self._generation, self._tiers)
        if loaded:
            dense, seq = loaded
            if seq <= latest and dense.documents() == self._visible_at(seq):
                return loaded
            log.warning("the dense snapshot is not of this database and starts empty")
        return DenseIndex(self._store.dimensions, self._tiers), 0

    def _visible_at(self, seq: int) -> set[int]:
        """The documents that were visible at ``seq``, by the changes up to there."""
        latest = (
            select(func.max(changes.c.seq))
            .where(changes.c.seq <= seq)
            .group_by(changes.c.document_id)
        )
        query = select(changes.c.document_id).where(changes.c.seq.in_(latest), changes.c.visible)
        with self._store.database.read() as connection:
            return set(connection.scalars(query))

    def _load_names(self, seq: int) -> None:
        with self._store.database.read() as connection:
            rows = connection.execute(
                select(
                    documents.c.id,
                    documents.c.collection_id,
                    documents.c.name,
                    documents.c.language,
                ).where(documents.c.seq <= seq)
            ).all()
            shares = connection.execute(
                select(chunks.c.document_id, chunks.c.language, func.count())
                .join(documents, documents.c.id == chunks.c.document_id)
                .where(documents.c.seq <= seq)
                .group_by(chunks.c.document_id, chunks.c.language)
            ).all()
        languages: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for document_id, language, count in shares:
            languages[document_id][language] = count
        for document_id, collection_id, name, language in rows:
            self.names.add(document_id, terms(without_extension(name), language))
            self._languages.add(document_id, collection_id, languages[document_id])

    @property
    def seq(self) -> int:
        """The latest change that searching sees in full."""
        return min(self._seq, self.lexical.seq)

    def languages(self, scope: Scope) -> Sequence[str]:
        """The languages of the chunks inside a scope, the commonest first."""
        return self._languages.common(scope)

    def catch_up(self) -> None:
        """Bring the dense and name indexes to the store's seq."""
        with self._store.state() as state:
            if state.seq == self._seq:
                return
        with self._applying, self._store.state() as state:
            self._bring_to(state)

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """The dense and name indexes brought to the store's seq and held there.

        The transaction that is yielded reads the very state they are at. Whoever else catches up
        waits meanwhile.
        """
        with self._applying, self._store.state() as state:
            self._bring_to(state)
            yield state.connection

    def _bring_to(self, state: StoreState) -> None:
        for change in state.outcomes_after(self._seq):
            self._apply(change, state)
        self._seq = state.seq

    def _apply(self, change: Change, state: StoreState) -> None:
        self._files_hold_deleted |= not change.visible
        document = state.document(change.document_id) if change.visible else None
        if document is None:
            self.dense.remove_document(change.document_id)
            self.names.remove(change.document_id)
            self._languages.remove(change.document_id)
            return
        name = terms(without_extension(document.name), document.language)
        self.names.add(document.document_id, name)
        languages = Counter(stored.chunk.language for stored in document.chunks)
        self._languages.add(document.document_id, document.collection_id, languages)
        if self.dense.contains_document(document.document_id):
            return
        ids = [stored.id for stored in document.chunks]
        self.dense.add(document.document_id, document.collection_id, ids, document.vectors)

    def maintain(self) -> None:
        """Bring every index to the store's seq and do all that is due, at once."""
        self.follow()
        self.tidy()

    def follow(self) -> None:
        """Bring every index to the store's seq."""
        self.catch_up()
        self.lexical_projection.follow()

    def tidy(self) -> None:
        """Do what is due of the slow work: merging, purging the files, writing the snapshot."""
        with self._tidying:
            if self.is_purge_due:
                self._purge()
            if self.dense.needs_merge:
                self.dense.merge()
            if self._seq - self._snapshot_seq >= _SNAPSHOT_EVERY:
                self._save()

    @property
    def is_purge_due(self) -> bool:
        """Whether ``tidy`` would take deleted text out of the files now."""
        return self._files_hold_deleted and time.monotonic() >= self._next_purge

    def purge(self) -> None:
        """Take deleted text out of the files now, if any is in them."""
        with self._tidying:
            self.catch_up()
            if self._files_hold_deleted:
                self._purge()

    def _purge(self) -> None:
        """Make the files anew from what is visible: what was deleted lies in them until then."""
        begun = time.monotonic()
        removal = self._store.latest_removal()
        self.lexical_projection.rewrite()
        self.catch_up()
        self.dense.merge()
        if self._closing.is_set():
            return
        self._snapshot_seq = -1
        self._save()
        self._store.database.forget_deleted()
        self._purged.write(removal)
        with self._applying:
            self._files_hold_deleted = self._store.latest_removal() > removal
        now = time.monotonic()
        self._next_purge = now + _PURGE_PAUSES * (now - begun)

    def _save(self) -> None:
        with self._applying:
            seq = self._seq
            held = DenseIndex.of_state(self._store.dimensions, self.dense.state)
        if seq != self._snapshot_seq:
            save_snapshot(held, self._snapshot_path, self._generation, seq)
            self._snapshot_seq = seq

    def stop(self) -> None:
        """Have slow work end within a second or two, without effect; ``close`` has to follow."""
        self._closing.set()
        self.dense.stop_merging()

    def close(self) -> None:
        """Write the snapshot and give the files up; a long catching-up goes on at next start."""
        self.stop()
        with self._tidying:
            try:
                self._save()
            except OSError:
                log.warning("no snapshot could be written", exc_info=True)
            self.lexical_projection.close()


def _generation(embedder: int, model: EmbedderModel) -> str:
    facts = {
        **asdict(model),
        "languages": sorted(model.languages),
        "embedder": embedder,
        "analysis": ANALYSIS_VERSION,
    }
    return sha256(repr(sorted(facts.items())).encode()).hexdigest()[:32]
