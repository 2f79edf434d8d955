"""Where a sorted listing of documents goes on, as a text that clients hand back."""

from __future__ import annotations

import base64
import binascii
import json

from retrieval.document_order import DocumentOrder, Key, SortKey
from retrieval.types import Document
from serve.errors import InvalidRequest
from serve.schemas import LARGEST_ID, storable

MAX_CURSOR_LENGTH = 4_000

_TEXT = {SortKey.NAME}


def cursor_after(order: DocumentOrder, document: Document) -> str:
    """The cursor behind a document."""
    if order.by is SortKey.ID:
        return str(document.id)
    told = json.dumps([order.key_of(document), document.id])
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def place_of(order: DocumentOrder, cursor: str) -> tuple[Key, int] | None:
    """The sort key and id behind which a listing goes on; None for its beginning.

    Raises:
        InvalidRequest: The cursor is none of ours, or of another order.
    """
    if not cursor:
        return None
    try:
        key, document_id = _read(order, cursor)
    except (ValueError, TypeError, binascii.Error):
        raise InvalidRequest(f"The cursor {cursor[:40]!r} is none of ours.") from None
    is_key = isinstance(key, str if order.by in _TEXT else int)
    if not is_key or not isinstance(document_id, int) or not 0 <= document_id <= LARGEST_ID:
        raise InvalidRequest(f"The cursor {cursor[:40]!r} is none of ours.")
    return key, document_id


def _read(order: DocumentOrder, cursor: str) -> tuple[Key, int]:
    if order.by is SortKey.ID:
        if not (cursor.isascii() and cursor.isdigit()):
            raise ValueError
        return int(cursor), int(cursor)
    key, document_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if isinstance(key, int) and not -LARGEST_ID <= key <= LARGEST_ID:
        raise ValueError
    return (storable(key) if isinstance(key, str) else key), document_id
