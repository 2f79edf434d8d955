"""Documents opened for a caller, recorded before anything of them is shown."""

from __future__ import annotations

from typing import Literal

from retrieval.contents import document_text
from retrieval.store import get_document
from retrieval.types import Document
from serve.audit.acts import Act
from serve.audit.journal import Journal
from serve.backend import Backend
from serve.caller import Caller
from serve.scope import whole_scope

Part = Literal["original", "text", "page", "quote", "picture", "passage", "flags"]


def opened_original(backend: Backend, caller: Caller, document_id: int) -> Document:
    """The document whose original is to be sent."""
    with backend.database.read() as connection:
        document = get_document(connection, document_id, whole_scope(connection, caller))
    record_opening(backend.journal, document_id, "original")
    return document


def opened_text(backend: Backend, caller: Caller, document_id: int) -> list[str]:
    """The text of all pages."""
    with backend.database.read() as connection:
        pages = list(document_text(connection, document_id, whole_scope(connection, caller)))
    record_opening(backend.journal, document_id, "text")
    return pages


def record_opening(journal: Journal, document_id: int, part: Part, **details: int) -> None:
    """Record what somebody is about to be shown of a document."""
    journal.record(Act.DOCUMENT_OPENED, f"document:{document_id}", part=part, **details)
