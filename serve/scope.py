"""What the person who asks may see. Until there is sign-in: everything that exists."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from retrieval.errors import NotFound
from retrieval.store import collection_named, get_collection, get_document, list_collections
from retrieval.types import Collection, Scope
from serve.caller import Caller


def whole_scope(connection: Connection, caller: Caller) -> Scope:
    """All that the person may see."""
    return Scope(frozenset(collection.id for collection in list_collections(connection)))


def scope_of(
    connection: Connection,
    caller: Caller,
    collections: Sequence[int | str] = (),
    documents: Sequence[int] = (),
) -> Scope:
    """The part of what the person may see that is asked for; all of it where nothing is named.

    Raises:
        NotFound: Something that is named does not exist, or the person may not know that it does.
    """
    whole = whole_scope(connection, caller)
    if not collections and not documents:
        return whole
    chosen = frozenset(collection_of(connection, caller, ref).id for ref in collections)
    for document_id in documents:
        get_document(connection, document_id, whole)
    return Scope(chosen, frozenset(documents))


def collection_of(connection: Connection, caller: Caller, ref: int | str) -> Collection:
    """A collection by its id or its name; a text of digits may be either, and a name wins."""
    if isinstance(ref, int):
        return get_collection(connection, ref)
    try:
        return collection_named(connection, ref)
    except NotFound:
        if ref.isascii() and ref.isdigit() and len(ref) < 19:
            return get_collection(connection, int(ref))
        raise
