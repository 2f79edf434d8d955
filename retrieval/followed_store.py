"""What the indexes read of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select

from retrieval.contents import IndexedDocument, read_indexed_document, visible_documents
from retrieval.database import Database
from retrieval.schema import changes
from retrieval.store import changes_after, current_seq, outcomes_after
from retrieval.types import Change

_BATCH = 200


@dataclass(frozen=True, slots=True)
class StoreState:
    """One state of the store, whatever is written meanwhile; ``connection`` reads the same one."""

    connection: Connection
    embedder_id: int
    dimensions: int

    @property
    def seq(self) -> int:
        """The latest change of this state."""
        return current_seq(self.connection)

    def outcomes_after(self, seq: int) -> list[Change]:
        """The last change of each document that has changed since, all that came before all that
        went: who follows in this order has one version of what was replaced at every moment.
        """
        return outcomes_after(self.connection, seq)

    def changes_after(self, seq: int) -> list[Change]:
        """The next changes, never the removals of a replacement without what replaces them."""
        found = changes_after(self.connection, seq, _BATCH)
        while found and not found[-1].visible:
            following = changes_after(self.connection, found[-1].seq, 1)
            if not following:
                break
            found += following
        return found

    def visible(self) -> Sequence[int]:
        """The ids of all visible documents."""
        return visible_documents(self.connection)

    def document(self, document_id: int) -> IndexedDocument | None:
        """A document, or None if it is not visible (any more)."""
        return read_indexed_document(
            self.connection, document_id, self.embedder_id, self.dimensions
        )


@dataclass(frozen=True, slots=True)
class FollowedStore:
    """A store by its changes, with the vectors of one embedder."""

    database: Database
    embedder_id: int
    dimensions: int

    @contextmanager
    def state(self) -> Iterator[StoreState]:
        """The state of this moment."""
        with self.database.read() as connection:
            yield StoreState(connection, self.embedder_id, self.dimensions)

    def latest_removal(self) -> int:
        """The seq of the latest change by which a document stopped being visible, 0 if none."""
        query = select(changes.c.seq).where(changes.c.visible.is_(False))
        with self.database.read() as connection:
            return connection.scalar(query.order_by(changes.c.seq.desc()).limit(1)) or 0
