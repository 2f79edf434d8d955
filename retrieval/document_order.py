"""The orders in which documents can be listed, and where a listing goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_

from retrieval.schema import documents
from retrieval.types import Document

Key = str | int


class SortKey(StrEnum):
    """What documents are sorted by; ties go by id, which is also the order in which they came."""

    ID = "created"
    NAME = "name"
    SIZE = "size"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class DocumentOrder:
    """An order of documents."""

    by: SortKey = SortKey.ID
    descending: bool = False

    def columns(self) -> list[ColumnElement[Any]]:
        """What a query is ordered by."""
        keys = [_KEYS[self.by], documents.c.id]
        return [key.desc() if self.descending else key.asc() for key in keys]

    def follows(self, key: Key, document_id: int) -> ColumnElement[bool]:
        """Whether a row comes after the document of this key and id."""
        place = _KEYS[self.by]
        given = func.lower(literal(key)) if isinstance(key, str) else literal(key)
        if self.descending:
            return or_(place < given, and_(place == given, documents.c.id < document_id))
        return or_(place > given, and_(place == given, documents.c.id > document_id))

    def key_of(self, document: Document) -> Key:
        """What a document is sorted by."""
        keys: dict[SortKey, Key] = {
            SortKey.NAME: document.name,
            SortKey.SIZE: document.size_bytes,
            SortKey.PAGES: document.page_count,
        }
        return keys.get(self.by, document.id)


BY_ID = DocumentOrder()

_KEYS: dict[SortKey, ColumnElement[Any]] = {
    SortKey.ID: documents.c.id,
    SortKey.NAME: func.lower(documents.c.name),
    SortKey.SIZE: documents.c.size_bytes,
    SortKey.PAGES: documents.c.page_count,
}
