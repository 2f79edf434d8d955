"""Changes of collections, recorded in the transaction that makes them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from retrieval.schema import documents
from retrieval.store import (
    delete_collection,
    get_collection,
    rename_collection,
    set_collection_model,
)
from serve.audit.acts import Act
from serve.audit.log import note


def renamed(connection: Connection, collection_id: int, name: str) -> None:
    """Rename a collection."""
    before = get_collection(connection, collection_id).name
    rename_collection(connection, collection_id, name)
    subject = f"collection:{collection_id}"
    note(connection, Act.COLLECTION_RENAMED, subject, name=name, before=before)


def given_model(connection: Connection, collection_id: int, model: str) -> None:
    """Name the model that answers questions about a collection."""
    set_collection_model(connection, collection_id, model)
    note(connection, Act.COLLECTION_MODEL_SET, f"collection:{collection_id}", model=model)


def deleted(connection: Connection, collection_id: int) -> list[str]:
    """Delete a collection with its documents; the SHA-256 of files that nothing needs any more."""
    name = get_collection(connection, collection_id).name
    inside = select(func.count()).where(documents.c.collection_id == collection_id)
    count = connection.scalar(inside)
    unused = delete_collection(connection, collection_id)
    note(
        connection,
        Act.COLLECTION_DELETED,
        f"collection:{collection_id}",
        name=name,
        documents=count,
    )
    return unused
