"""Collections and documents in SQL, the only source of truth.

Functions take the connection of a transaction, so that what belongs together commits together:
``with database.write() as connection: ...``. Each visible change takes the next ``seq``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Collection as Ids
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    true,
    update,
)

from retrieval.document_order import BY_ID, DocumentOrder, Key
from retrieval.errors import CollectionExists, NotFound
from retrieval.readers import close_answers
from retrieval.schema import (
    changes,
    chunks,
    collections,
    counters,
    documents,
)
from retrieval.types import Change, Collection, Document, DocumentState, Scope
from retrieval.versions import follow_version, take_other_name

MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A file whose bytes are safely stored and whose text is not known yet."""

    collection_id: int
    name: str
    content_sha256: str
    size_bytes: int
    media_type: str


def create_collection(connection: Connection, name: str) -> Collection:
    """A new, empty collection.

    Raises:
        CollectionExists: The name is taken.
    """
    _refuse_taken_name(connection, name)
    now = time.time()
    query = insert(collections).values(name=name, created_at=now).returning(collections.c.id)
    return Collection(connection.execute(query).scalar_one(), name, _moment(now))


def rename_collection(connection: Connection, collection_id: int, name: str) -> Collection:
    """The collection under its new name."""
    current = get_collection(connection, collection_id)
    if current.name != name:
        _refuse_taken_name(connection, name)
        connection.execute(
            update(collections).where(collections.c.id == collection_id).values(name=name)
        )
    return get_collection(connection, collection_id)


def set_collection_model(connection: Connection, collection_id: int, model: str) -> Collection:
    """The collection with the name of the model that answers questions about it."""
    get_collection(connection, collection_id)
    connection.execute(
        update(collections).where(collections.c.id == collection_id).values(model=model)
    )
    return get_collection(connection, collection_id)


def shared_model(connection: Connection, scope: Scope) -> str:
    """The model that all collections of a scope name; empty where they differ."""
    query = select(collections.c.model).distinct()
    of_documents = select(documents.c.collection_id).where(among(documents.c.id, scope.documents))
    models = connection.scalars(
        query.where(
            or_(among(collections.c.id, scope.collections), collections.c.id.in_(of_documents))
        )
    ).all()
    return models[0] if len(models) == 1 else ""


def _refuse_taken_name(connection: Connection, name: str) -> None:
    if connection.scalar(select(collections.c.id).where(collections.c.name == name)):
        raise CollectionExists(
            f"A collection named {name!r} exists.", advice="Choose another name or use it."
        )


def get_collection(
    connection: Connection, collection_id: int, counted: Scope | None = None
) -> Collection:
    """One collection by its id, with the number of its documents inside a scope, or of all."""
    for collection in _collections(connection, collections.c.id == collection_id, counted):
        return collection
    raise NotFound(f"No collection {collection_id}.")


def collection_named(connection: Connection, name: str) -> Collection:
    """One collection by its name."""
    for collection in _collections(connection, collections.c.name == name):
        return collection
    raise NotFound(f"No collection named {name!r}.", advice="List them: cloister collections list")


def list_collections(connection: Connection, counted: Scope | None = None) -> list[Collection]:
    """All collections by name, each with the number of its documents inside a scope, or of all."""
    return _collections(connection, true(), counted)


def _collections(
    connection: Connection, condition: ColumnElement[bool], counted: Scope | None = None
) -> list[Collection]:
    own = documents.c.collection_id == collections.c.id
    rows = connection.execute(
        select(collections, func.count(documents.c.id).label("document_count"))
        .outerjoin(documents, own if counted is None else and_(own, inside(counted)))
        .where(condition)
        .group_by(collections.c.id)
        .order_by(collections.c.name)
    )
    return [
        Collection(row.id, row.name, _moment(row.created_at), row.document_count, row.model)
        for row in rows
    ]


def delete_collection(connection: Connection, collection_id: int) -> list[str]:
    """Delete a collection with its documents; the SHA-256 of files that nothing needs any more."""
    get_collection(connection, collection_id)
    ids = connection.scalars(
        select(documents.c.id).where(documents.c.collection_id == collection_id)
    ).all()
    unused = [sha for document_id in ids for sha in delete_document(connection, document_id)]
    connection.execute(delete(collections).where(collections.c.id == collection_id))
    return unused


def add_document(
    connection: Connection, new: NewDocument, closed: Ids[int] = ()
) -> tuple[Document, bool]:
    """The document of this content in this collection, and whether it is new.

    ``closed`` are the documents that its uploader may not see.
    """
    existing = connection.execute(
        select(documents).where(
            documents.c.collection_id == new.collection_id,
            documents.c.content_sha256 == new.content_sha256,
        )
    ).first()
    if existing is not None:
        return document_of_row(existing), False
    now = time.time()
    document_id = connection.execute(
        insert(documents)
        .values(
            collection_id=new.collection_id,
            name=new.name,
            content_sha256=new.content_sha256,
            size_bytes=new.size_bytes,
            media_type=new.media_type,
            state=DocumentState.QUEUED.value,
            created_at=now,
            updated_at=now,
        )
        .returning(documents.c.id)
    ).scalar_one()
    follow_version(connection, document_id, closed)
    return get_document(connection, document_id), True


def get_document(connection: Connection, document_id: int, scope: Scope | None = None) -> Document:
    """One document by its id; outside the scope it does not exist."""
    row = connection.execute(select(documents).where(documents.c.id == document_id)).first()
    if row is None or (scope and not scope.allows(row.collection_id, row.id)):
        raise NotFound(f"No document {document_id}.", advice="List them: cloister docs list")
    return document_of_row(row)


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents a listing shows, and in which order; at most ``limit`` of them.

    ``states`` is empty for all. With ids above ``after``, or after the ``place`` in the order: the
    sort key and the id of the document that was listed last.
    """

    scope: Scope
    states: frozenset[DocumentState] = frozenset()
    name_contains: str = ""
    after: int = 0
    limit: int = 100
    order: DocumentOrder = BY_ID
    place: tuple[Key, int] | None = None


def list_documents(connection: Connection, wanted: DocumentFilter) -> list[Document]:
    """Documents in the order that is asked for."""
    conditions = [inside(wanted.scope), documents.c.id > wanted.after]
    if wanted.states:
        conditions.append(documents.c.state.in_([state.value for state in wanted.states]))
    if wanted.name_contains:
        conditions.append(documents.c.name.icontains(wanted.name_contains, autoescape=True))
    if wanted.place:
        conditions.append(wanted.order.follows(*wanted.place))
    query = select(documents).where(and_(*conditions)).order_by(*wanted.order.columns())
    return [document_of_row(row) for row in connection.execute(query.limit(wanted.limit))]


def inside(scope: Scope) -> ColumnElement[bool]:
    """Whether a row of ``documents`` lies inside a scope."""
    allowed = or_(
        among(documents.c.collection_id, scope.collections),
        among(documents.c.id, scope.documents),
    )
    if not scope.excluded:
        return allowed
    return and_(allowed, not_(among(documents.c.id, scope.excluded)))


def among(column: ColumnElement[int], ids: Ids[int]) -> ColumnElement[bool]:
    """Whether a column holds one of any number of ids: databases limit the bound parameters."""
    return column.in_(
        bindparam(None, sorted(ids), unique=True, expanding=True, literal_execute=True)
    )


def set_document_state(
    connection: Connection,
    document_id: int,
    state: DocumentState,
    error: tuple[str, str] | None = None,
) -> None:
    """Move a document on; ``error`` is (code, message) for a failed one.

    A document that is visible stays so: only ``publish`` and deletion change what is visible.
    """
    code, message = error or (None, None)
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.seq.is_(None))
        .values(state=state.value, error_code=code, error_message=message, updated_at=time.time())
    )


def delete_document(connection: Connection, document_id: int) -> list[str]:
    """Delete a document with all that came from it; answers that draw on it stay closed, if so.

    Returns:
        The SHA-256 of its file if no other document has the same content, else nothing.
    """
    row = connection.execute(select(documents).where(documents.c.id == document_id)).first()
    if row is None:
        raise NotFound(f"No document {document_id}.")
    if row.seq is not None:
        record_change(connection, document_id, visible=False)
    close_answers(connection, document_id)
    connection.execute(delete(documents).where(documents.c.id == document_id))
    return [] if is_content_used(connection, row.content_sha256) else [row.content_sha256]


Replaced = Callable[[Connection, Document, int], None]
"""What is told of a document whose place another has, by its id, within the same transaction."""


def not_told(_connection: Connection, _document: Document, _successor_id: int) -> None:
    """Nothing."""


def replace_document(
    connection: Connection, document_id: int, successor_id: int, replaced: Replaced
) -> list[str]:
    """Give a document's place to another: it goes on under another name of its content, or goes.

    Returns:
        As ``delete_document``.
    """
    if goes_on_renamed(connection, document_id):
        return []
    return delete_replaced(connection, document_id, successor_id, replaced)


def delete_replaced(
    connection: Connection, document_id: int, successor_id: int, replaced: Replaced
) -> list[str]:
    """Delete a document as ``delete_document`` does, because another has its place."""
    replaced(connection, get_document(connection, document_id), successor_id)
    return delete_document(connection, document_id)


def goes_on_renamed(connection: Connection, document_id: int) -> bool:
    """Whether a document can go on under another name, which it has from now on."""
    name = take_other_name(connection, document_id)
    if name is None:
        return False
    named = update(documents).where(documents.c.id == document_id)
    connection.execute(named.values(name=name, replaced_by=None, updated_at=time.time()))
    if get_document(connection, document_id).seq is not None:
        seq = record_change(connection, document_id, visible=True)
        connection.execute(named.values(seq=seq))
    return True


def is_content_used(connection: Connection, content_sha256: str) -> bool:
    """Whether any document has this content."""
    query = select(documents.c.id).where(documents.c.content_sha256 == content_sha256).limit(1)
    return connection.scalar(query) is not None


def contents_in_use(connection: Connection) -> set[str]:
    """The SHA-256 of every document."""
    return set(connection.scalars(select(documents.c.content_sha256)))


def installation_id(connection: Connection) -> str:
    """What tells this database, and every copy of it, from all others: 16 hexadecimal digits."""
    number = select(counters.c.value).where(counters.c.name == "installation")
    return f"{connection.scalars(number).one():016x}"


def record_change(connection: Connection, document_id: int, *, visible: bool) -> int:
    """The next seq, given to a document that becomes visible or stops being so.

    The counter's row stays locked until the commit, so that seqs become visible in their order.
    """
    seq = connection.execute(
        update(counters)
        .where(counters.c.name == "seq")
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    ).scalar_one()
    connection.execute(insert(changes).values(seq=seq, document_id=document_id, visible=visible))
    return int(seq)


def current_seq(connection: Connection) -> int:
    """The seq of the latest visible change."""
    return int(connection.scalar(select(counters.c.value).where(counters.c.name == "seq")) or 0)


def changes_after(connection: Connection, seq: int, limit: int) -> list[Change]:
    """Visible changes after a seq, in order."""
    later = select(changes).where(changes.c.seq > seq)
    return _changes(connection, later.order_by(changes.c.seq).limit(limit))


def outcomes_after(connection: Connection, seq: int) -> list[Change]:
    """The last visible change of each document that has one after a seq, arrivals first."""
    last = select(func.max(changes.c.seq)).where(changes.c.seq > seq)
    outcomes = select(changes).where(changes.c.seq.in_(last.group_by(changes.c.document_id)))
    return _changes(connection, outcomes.order_by(changes.c.visible.desc(), changes.c.seq))


def _changes(connection: Connection, query: Select[Any]) -> list[Change]:
    return [Change(row.seq, row.document_id, row.visible) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Totals:
    """How much the database holds."""

    collections: int
    documents: dict[str, int]
    chunks: int


def totals(connection: Connection, scope: Scope) -> Totals:
    """Counts of collections, of documents by state, and of chunks, as far as a scope goes."""
    states = connection.execute(
        select(documents.c.state, func.count().label("n"))
        .where(inside(scope))
        .group_by(documents.c.state)
    ).all()
    of_documents = select(func.count()).select_from(chunks).join(documents).where(inside(scope))
    return Totals(
        collections=len(scope.collections),
        documents={row.state: row.n for row in states},
        chunks=connection.scalar(of_documents) or 0,
    )


def document_of_row(row: Row[tuple[object, ...]]) -> Document:
    """A document from a full row of its table."""
    return Document(
        id=row.id,
        collection_id=row.collection_id,
        name=row.name,
        content_sha256=row.content_sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
        state=DocumentState(row.state),
        created_at=_moment(row.created_at),
        updated_at=_moment(row.updated_at),
        error_code=row.error_code,
        error_message=row.error_message,
        title=row.title,
        language=row.language,
        paged=row.paged,
        page_count=row.page_count,
        chunk_count=row.chunk_count,
        seq=row.seq,
        restricted=row.restricted,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
