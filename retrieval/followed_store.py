"""What the indexes read of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from retrieval.contents import IndexedDocument, read_indexed_document, visible_documents
from retrieval.database import Database
from retrieval.schema import changes
from retrieval.store import changes_after, current_seq
from retrieval.types import Change

_BATCH = 200


@dataclass(frozen=True, slots=True)
class FollowedStore:
    """A store by its changes, with the vectors of one embedder."""

    database: Database
    embedder_id: int
    dimensions: int

    def changes_after(self, seq: int) -> list[Change]:
        """The next changes, never the removals of a replacement without what replaces them."""
        with self.database.read() as connection:
            found = changes_after(connection, seq, _BATCH)
            while found and not found[-1].visible:
                following = changes_after(connection, found[-1].seq, 1)
                if not following:
                    break
                found += following
        return found

    def visible(self) -> tuple[Sequence[int], int]:
        """The ids of all visible documents, and the seq at which they were."""
        with self.database.read() as connection:
            return visible_documents(connection), current_seq(connection)

    def document(self, document_id: int) -> IndexedDocument | None:
        """A document, or None if it is not visible (any more)."""
        with self.database.read() as connection:
            return read_indexed_document(connection, document_id, self.embedder_id, self.dimensions)

    def latest_removal(self) -> int:
        """The seq of the latest change by which a document stopped being visible, 0 if none."""
        query = select(changes.c.seq).where(changes.c.visible.is_(False))
        with self.database.read() as connection:
            return connection.scalar(query.order_by(changes.c.seq.desc()).limit(1)) or 0
