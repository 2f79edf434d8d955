"""Which documents are versions of one another, and what a new one takes over.

Versions are the documents of one name in one collection that the same people may read. So nobody
replaces what they cannot see, and a name tells nobody that it is taken.
"""

from __future__ import annotations

from collections.abc import Collection as Ids

from sqlalchemy import Connection, insert, literal, select, update

from retrieval.schema import document_readers, documents

_Readers = frozenset[tuple[int | None, int | None]] | None


def versions_of(connection: Connection, document_id: int) -> set[int]:
    """The versions of a document, itself among them; nothing where there is no such document."""
    this = connection.execute(
        select(documents.c.collection_id, documents.c.name).where(documents.c.id == document_id)
    ).first()
    if this is None:
        return set()
    named = documents_named(connection, this.collection_id, this.name)
    own = _readers_of(connection, document_id)
    return {each for each in named if _readers_of(connection, each) == own}


def documents_named(connection: Connection, collection_id: int, name: str) -> set[int]:
    """The documents of a name in a collection, visible or in work, whoever may read them."""
    of_name = (documents.c.collection_id == collection_id, documents.c.name == name)
    return set(connection.scalars(select(documents.c.id).where(*of_name)))


def later_versions(connection: Connection, document_id: int) -> set[int]:
    """The versions that came after this one."""
    return {each for each in versions_of(connection, document_id) if each > document_id}


def follow_version(connection: Connection, document_id: int, closed: Ids[int]) -> None:
    """Let those read a new document who read the newest of its name that its uploader may see.

    ``closed`` are the documents that the uploader may not.
    """
    this = select(documents.c.collection_id, documents.c.name).where(documents.c.id == document_id)
    home = connection.execute(this).one()
    named = documents_named(connection, home.collection_id, home.name)
    earlier = max(named - {document_id} - set(closed), default=None)
    if earlier is None or _readers_of(connection, earlier) is None:
        return
    connection.execute(
        update(documents).where(documents.c.id == document_id).values(restricted=True)
    )
    readers = select(
        literal(document_id), document_readers.c.person_id, document_readers.c.group_id
    ).where(document_readers.c.document_id == earlier)
    columns = ["document_id", "person_id", "group_id"]
    connection.execute(insert(document_readers).from_select(columns, readers))


def _readers_of(connection: Connection, document_id: int) -> _Readers:
    """Who alone may read a document; None where all may who see its collection."""
    if not connection.scalar(select(documents.c.restricted).where(documents.c.id == document_id)):
        return None
    rows = connection.execute(
        select(document_readers.c.person_id, document_readers.c.group_id).where(
            document_readers.c.document_id == document_id
        )
    )
    return frozenset((row.person_id, row.group_id) for row in rows)
