"""The BM25 index kept in step with the store, and made anew beside itself to forget."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from retrieval.analysis import terms
from retrieval.contents import IndexedDocument
from retrieval.faults import fault
from retrieval.followed_store import FollowedStore
from retrieval.lexical import LexicalEntry, LexicalIndex
from retrieval.name_index import without_extension
from retrieval.number_file import NumberFile
from retrieval.types import Change

_NAME = "lexical"


class LexicalProjection:
    """``index`` is what searches use; it lies in one of several folders inside ``folder``.

    ``follow`` and ``rewrite`` go on side by side, each in one thread at a time, and end early, with
    nothing lost but time, once ``closing`` is set.
    """

    def __init__(
        self, store: FollowedStore, folder: Path, generation: str, closing: threading.Event
    ) -> None:
        self._store = store
        self._folder = folder
        self._generation = generation
        self._closing = closing
        self._following = threading.Lock()
        self._number = NumberFile(folder / f"{_NAME}-folder")
        self.index = LexicalIndex(self._path(self._number.read()), generation)
        self._remove_others()

    def follow(self) -> None:
        """Bring the index to the store's seq."""
        with self._following:
            self._catch_up(self.index)

    def rewrite(self) -> None:
        """Make the files anew from what is visible: what was deleted lies in the old ones.

        The old index follows the store until the new one has caught up and takes its place.
        """
        try:
            self._rewrite(self._number.read() + 1)
        finally:
            self._remove_others()

    def _rewrite(self, number: int) -> None:
        fresh = LexicalIndex(self._path(number), self._generation)
        try:
            self._fill(fresh)
            with self._following:
                self._catch_up(fresh)
                if self._closing.is_set():
                    return
                self._number.write(number)
                if __debug__:
                    fault("lexical_purged")
                fresh, self.index = self.index, fresh
        finally:
            fresh.close()

    def _fill(self, fresh: LexicalIndex) -> None:
        with self._store.state() as state:
            ids, seq = state.visible(), state.seq
        for document_id in ids:
            if self._closing.is_set():
                return
            self._add(fresh, document_id)
        fresh.commit(seq)
        self._catch_up(fresh)

    def _catch_up(self, index: LexicalIndex) -> None:
        while found := self._changes_after(index.seq):
            for change in found:
                if self._closing.is_set():
                    return
                self._apply(index, change)
            if __debug__:
                fault("lexical_added")
            index.commit(found[-1].seq)
            if __debug__:
                fault("lexical_committed")

    def _changes_after(self, seq: int) -> list[Change]:
        with self._store.state() as state:
            return state.changes_after(seq)

    def _apply(self, index: LexicalIndex, change: Change) -> None:
        index.remove_document(change.document_id)
        if change.visible:
            self._add(index, change.document_id)

    def _add(self, index: LexicalIndex, document_id: int) -> None:
        # Each in a state of its own, for emptying the log waits for whoever reads for long.
        with self._store.state() as state:
            document = state.document(document_id)
        if document is not None:
            index.add(_entries(document))

    def _path(self, number: int) -> Path:
        return self._folder / (f"{_NAME}-{number}" if number else _NAME)

    def _remove_others(self) -> None:
        """Remove the folders of indexes that are not in use."""
        used = self._path(self._number.read())
        for path in self._folder.glob(f"{_NAME}*"):
            if path.is_dir() and path != used:
                shutil.rmtree(path)

    def close(self) -> None:
        """Give the folder free; the index is not used again."""
        with self._following:
            self.index.close()


def _entries(document: IndexedDocument) -> list[LexicalEntry]:
    return [
        LexicalEntry(
            chunk_id=stored.id,
            document_id=document.document_id,
            collection_id=document.collection_id,
            terms=terms(
                stored.chunk.with_header(without_extension(document.name)),
                stored.chunk.language,
            ),
        )
        for stored in document.chunks
    ]
