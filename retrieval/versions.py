"""Which documents are versions of one another, and what a new one takes over.

Versions are the documents of one name in one collection that the same people may read. So nobody
replaces what they cannot see, and a name tells nobody that it is taken. Where the same content came
under several names, a new version of one of them leaves it the others.
"""

from __future__ import annotations

from collections.abc import Collection as Ids

from sqlalchemy import Connection, delete, insert, literal, select, update

from retrieval.schema import document_names, document_readers, documents

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


def names_of(connection: Connection, document_id: int) -> list[str]:
    """Every name under which a document's content came, its own first."""
    own = select(documents.c.name).where(documents.c.id == document_id)
    others = select(document_names.c.name).where(document_names.c.document_id == document_id)
    return [*connection.scalars(own), *connection.scalars(others.order_by(document_names.c.id))]


def remember_name(connection: Connection, document_id: int, name: str) -> None:
    """Let a document have another name besides, under which its content came, too."""
    if name not in names_of(connection, document_id):
        connection.execute(insert(document_names).values(document_id=document_id, name=name))


def give_up_name(connection: Connection, name: str, document_id: int, closed: Ids[int]) -> None:
    """Let no other document of the collection have a name besides, whose content is now this one's.

    Documents that are ``closed`` to who brings it keep the name.
    """
    home = select(documents.c.collection_id).where(documents.c.id == document_id)
    rows = connection.execute(
        select(document_names.c.id, document_names.c.document_id)
        .join(documents, documents.c.id == document_names.c.document_id)
        .where(document_names.c.name == name)
        .where(documents.c.collection_id == home.scalar_subquery())
    ).all()
    given_up = [row.id for row in rows if row.document_id not in {document_id, *closed}]
    connection.execute(delete(document_names).where(document_names.c.id.in_(given_up)))


def take_other_name(connection: Connection, document_id: int) -> str | None:
    """The first other name of a document, which it has no longer besides; None if it has none."""
    of_document = document_names.c.document_id == document_id
    row = connection.execute(
        select(document_names).where(of_document).order_by(document_names.c.id).limit(1)
    ).first()
    if row is None:
        return None
    connection.execute(delete(document_names).where(document_names.c.id == row.id))
    return str(row.name)


def later_versions(connection: Connection, document_id: int) -> set[int]:
    """The versions that came after this one."""
    return {each for each in versions_of(connection, document_id) if each > document_id}


def replace_once_visible(connection: Connection, outdated: Ids[int], document_id: int) -> None:
    """Let documents go, whatever their names, when another becomes visible."""
    connection.execute(
        update(documents).where(documents.c.id.in_(outdated)).values(replaced_by=document_id)
    )


def keep(connection: Connection, document_id: int) -> None:
    """Let a document stay when another becomes visible that was to take its place."""
    connection.execute(
        update(documents).where(documents.c.id == document_id).values(replaced_by=None)
    )


def replaced_documents(connection: Connection, document_id: int) -> set[int]:
    """The documents that go when this one becomes visible, besides its versions."""
    query = select(documents.c.id).where(documents.c.replaced_by == document_id)
    return set(connection.scalars(query))


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
