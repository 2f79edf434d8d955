"""How much people and collections keep, and how much they may.

A person keeps the documents that the person uploaded, wherever they are. What failed and what is
still in work counts as well, for its file is kept.
"""

from __future__ import annotations

from collections.abc import Collection as Ids
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select

from retrieval.schema import document_uploaders, documents, quotas
from retrieval.store import among
from retrieval.types import Document, DocumentState
from retrieval.versions import versions_of
from serve.audit.acts import Act
from serve.audit.log import note
from serve.people.errors import CollectionQuotaExceeded, PersonQuotaExceeded

_DONE = (DocumentState.READY.value, DocumentState.FAILED.value)


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be kept; where a number is None, as much as there is space for."""

    bytes: int | None = None
    documents: int | None = None

    def otherwise(self, default: Quota) -> Quota:
        """This quota, with the default's numbers where it has none."""
        return Quota(
            default.bytes if self.bytes is None else self.bytes,
            default.documents if self.documents is None else self.documents,
        )

    @property
    def is_set(self) -> bool:
        """Whether it limits anything."""
        return self != Quota()


@dataclass(frozen=True, slots=True)
class DefaultQuotas:
    """What holds where an administrator said nothing else."""

    person: Quota = Quota()
    collection: Quota = Quota()


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who or what keeps documents."""

    kind: Literal["person", "collection"]
    id: int

    def named(self) -> str:
        """Which person or collection it is."""
        return f"{self.kind}:{self.id}"

    def column_of(self, table: Table) -> ColumnElement[int]:
        """The column of a table that names it."""
        column: ColumnElement[int] = table.c[f"{self.kind}_id"]
        return column


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept, and what the quota is."""

    used: Quota
    own: Quota
    quota: Quota


def set_quota(connection: Connection, keeper: Keeper, quota: Quota) -> None:
    """Say how much may be kept, in the place of what was said before."""
    own = keeper.column_of(quotas) == keeper.id
    connection.execute(delete(quotas).where(own))
    if quota.is_set:
        values = {f"{keeper.kind}_id": keeper.id}
        told = {"bytes": quota.bytes, "documents": quota.documents}
        connection.execute(insert(quotas).values(**values, **told))
    note(connection, Act.QUOTA_SET, keeper.named(), bytes=quota.bytes, documents=quota.documents)


def kept_by(connection: Connection, keeper: Keeper, defaults: DefaultQuotas) -> Kept:
    """How much somebody or something keeps, and may."""
    own = _own(connection, keeper)
    used = _used(connection, keeper, documents.c.id.is_not(None))
    return Kept(used, own, own.otherwise(_default(keeper, defaults)))


def limited_collections(
    connection: Connection, collection_ids: Ids[int], defaults: DefaultQuotas
) -> dict[int, Kept]:
    """How much those of some collections hold, and may, for which there is a quota."""
    rows = connection.execute(select(quotas).where(among(quotas.c.collection_id, collection_ids)))
    own = {row.collection_id: Quota(row.bytes, row.documents) for row in rows}
    held = {each: own.get(each, Quota()).otherwise(defaults.collection) for each in collection_ids}
    limited = [each for each, quota in held.items() if quota.is_set]
    sums = connection.execute(
        select(
            documents.c.collection_id,
            func.sum(documents.c.size_bytes).label("size"),
            func.count().label("number"),
        )
        .where(among(documents.c.collection_id, limited))
        .group_by(documents.c.collection_id)
    )
    used = {row.collection_id: Quota(int(row.size), int(row.number)) for row in sums}
    return {
        each: Kept(used.get(each, Quota(0, 0)), own.get(each, Quota()), held[each])
        for each in limited
    }


def admit(
    connection: Connection, document: Document, person_id: int | None, defaults: DefaultQuotas
) -> None:
    """Note who brought a new document, and refuse it where that is more than may be kept.

    The versions that it will replace count no more; those still in work do.

    Raises:
        PersonQuotaExceeded, CollectionQuotaExceeded: One of them would keep too much.
    """
    if person_id is not None:
        row = {"document_id": document.id, "person_id": person_id}
        connection.execute(insert(document_uploaders).values(**row))
        _check(connection, document, Keeper("person", person_id), defaults)
    _check(connection, document, Keeper("collection", document.collection_id), defaults)


def _check(
    connection: Connection, document: Document, keeper: Keeper, defaults: DefaultQuotas
) -> None:
    quota = _own(connection, keeper).otherwise(_default(keeper, defaults))
    if not quota.is_set:
        return
    replaced = versions_of(connection, document.id) - {document.id}
    stays = ~(among(documents.c.id, replaced) & documents.c.state.in_(_DONE))
    others = _used(connection, keeper, stays & (documents.c.id != document.id))
    is_own = keeper.kind == "person"
    whose = "You keep" if is_own else "The collection holds"
    exceeded = PersonQuotaExceeded if is_own else CollectionQuotaExceeded
    if quota.documents is not None and (others.documents or 0) + 1 > quota.documents:
        raise exceeded(
            f"{whose} as many documents as may be: none of {quota.documents} is left.",
            advice="Delete what is not needed, or ask an administrator for more.",
        )
    if quota.bytes is None:
        return
    left = max(quota.bytes - (others.bytes or 0), 0)
    if document.size_bytes > left:
        raise exceeded(
            f"{whose} too much for this file: of {quota.bytes} bytes {left} are left, "
            f"and it has {document.size_bytes}.",
            advice="Delete what is not needed, or ask an administrator for more.",
        )


def _own(connection: Connection, keeper: Keeper) -> Quota:
    """What an administrator said."""
    row = connection.execute(select(quotas).where(keeper.column_of(quotas) == keeper.id)).first()
    return Quota(row.bytes, row.documents) if row else Quota()


def _default(keeper: Keeper, defaults: DefaultQuotas) -> Quota:
    return defaults.person if keeper.kind == "person" else defaults.collection


def _used(connection: Connection, keeper: Keeper, condition: ColumnElement[bool]) -> Quota:
    query: Any = select(func.coalesce(func.sum(documents.c.size_bytes), 0), func.count())
    if keeper.kind == "person":
        query = (
            query.select_from(documents)
            .join(document_uploaders)
            .where(document_uploaders.c.person_id == keeper.id)
        )
    else:
        query = query.where(documents.c.collection_id == keeper.id)
    size, count = connection.execute(query.where(condition)).one()
    return Quota(int(size), int(count))
