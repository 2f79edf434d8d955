"""What the person who asks may see, and change, computed from SQL for every request.

What a caller may not see is told apart from nothing: the same error says that it is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from retrieval.errors import NotFound
from retrieval.store import collection_named, create_collection, get_collection, get_document
from retrieval.types import Collection, Document, Scope
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller
from serve.people.errors import NotAllowed
from serve.people.rights import Holder, Role, closed_documents, grant, roles_of


def whole_scope(connection: Connection, caller: Caller) -> Scope:
    """All that the person may see."""
    roles = roles_of(connection, caller)
    return Scope(frozenset(roles), excluded=closed_documents(connection, caller, roles))


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
    chosen = frozenset(_visible(connection, ref, whole).id for ref in collections)
    for document_id in documents:
        get_document(connection, document_id, whole)
    return Scope(chosen, frozenset(documents), whole.excluded)


def collection_of(connection: Connection, caller: Caller, ref: int | str) -> Collection:
    """A collection by its id or its name; a text of digits may be either, and a name wins."""
    return _visible(connection, ref, whole_scope(connection, caller))


def _visible(connection: Connection, ref: int | str, whole: Scope) -> Collection:
    try:
        found = _existing(connection, ref)
    except NotFound:
        raise _missing(ref) from None
    if found.id not in whole.collections:
        raise _missing(ref)
    return found


def _existing(connection: Connection, ref: int | str) -> Collection:
    if isinstance(ref, int):
        return get_collection(connection, ref)
    try:
        return collection_named(connection, ref)
    except NotFound:
        if ref.isascii() and ref.isdigit() and len(ref) < 19:
            return get_collection(connection, int(ref))
        raise


def _missing(ref: int | str) -> NotFound:
    return NotFound(f"No collection {ref!r}.", advice="List them: cloister collections list")


def collection_for(
    connection: Connection, caller: Caller, collection_id: int, role: Role
) -> Collection:
    """A collection in which the caller has at least a role; administrators manage every one.

    Raises:
        NotFound: There is none, or the caller may not know of it.
        NotAllowed: The caller may only know of it.
    """
    own = roles_of(connection, caller).get(collection_id)
    if own is None and not caller.is_administrator:
        raise _missing(collection_id)
    try:
        found = get_collection(connection, collection_id)
    except NotFound:
        raise _missing(collection_id) from None
    if not caller.is_administrator and (own is None or own < role):
        raise _too_little(role)
    return found


def make_collection(connection: Connection, caller: Caller, name: str) -> Collection:
    """A new collection, which who makes it manages.

    Only administrators make one: a name that is taken would tell others of a foreign collection.

    Raises:
        NotAllowed: The caller is no administrator.
        CollectionExists: The name is taken.
    """
    check_administrator(caller)
    made = create_collection(connection, name)
    note(connection, Act.COLLECTION_CREATED, f"collection:{made.id}", name=name)
    if caller.person_id is not None:
        grant(connection, made.id, Holder(person_id=caller.person_id), Role.MANAGER)
    return made


def document_for(
    connection: Connection, caller: Caller, document_id: int, role: Role = Role.READER
) -> Document:
    """A document that the caller sees, and in whose collection the caller has at least a role.

    Raises:
        NotFound: There is none, or the caller may not know of it.
        NotAllowed: The caller may only read it.
    """
    document = get_document(connection, document_id, whole_scope(connection, caller))
    check_role(connection, caller, document.collection_id, role)
    return document


def check_role(connection: Connection, caller: Caller, collection_id: int, role: Role) -> None:
    """Refuse who has less than a role in a collection that is known to be visible.

    Raises:
        NotAllowed: The caller has.
    """
    own = roles_of(connection, caller).get(collection_id)
    if own is None or own < role:
        raise _too_little(role)


def check_writes_somewhere(connection: Connection, caller: Caller) -> None:
    """Refuse who is a writer in no collection at all.

    Raises:
        NotAllowed: The caller is in none.
    """
    if (
        not caller.is_operator
        and max(roles_of(connection, caller).values(), default=0) < Role.WRITER
    ):
        raise NotAllowed(
            "This needs the role of a writer in some collection.",
            advice="Ask a manager of the collection, or an administrator.",
        )


def check_administrator(caller: Caller) -> None:
    """Refuse who is no administrator.

    Raises:
        NotAllowed: The caller is none.
    """
    if not caller.is_administrator:
        raise NotAllowed("This is for administrators.")


def _too_little(role: Role) -> NotAllowed:
    return NotAllowed(
        f"This needs the role of a {role.word} in the collection.",
        advice="Ask a manager of the collection.",
    )
