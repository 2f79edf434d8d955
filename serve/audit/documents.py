"""Documents that come in and go out, recorded in the transaction that lets them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from ingest.intake import IntakeAct
from retrieval.types import Document
from serve.audit.acts import Act
from serve.audit.log import note

_ACTS: dict[IntakeAct, Act] = {
    "uploaded": Act.DOCUMENT_UPLOADED,
    "deleted": Act.DOCUMENT_DELETED,
}


def noted(
    connection: Connection, act: IntakeAct, document: Document, successor_id: int | None
) -> None:
    """Record what became of a document, and which other has its place, if one does."""
    successor: dict[str, Any] = {} if successor_id is None else {"replaced_by": successor_id}
    note(
        connection,
        _ACTS[act],
        f"document:{document.id}",
        collection=document.collection_id,
        name=document.name,
        sha256=document.content_sha256,
        **successor,
    )
