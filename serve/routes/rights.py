"""What is granted of a collection, and who alone may read a document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from serve.conversations.folding import folded
from serve.errors import InvalidRequest
from serve.people.audience import audience_of
from serve.people.groups import group_of
from serve.people.rights import (
    Grant,
    Holder,
    Reader,
    Role,
    grant,
    list_grants,
    list_readers,
    revoke,
    set_readers,
)
from serve.people.schemas import (
    GrantBody,
    GrantList,
    GrantOut,
    HolderBody,
    HolderList,
    HolderOut,
    ReadersBody,
    ReadersOut,
)
from serve.people.store import person_of
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.schemas import LARGEST_ID
from serve.scope import collection_for, document_for

router = APIRouter(prefix="/api/v1", tags=["rights"])

_Id = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


def _holder(person_id: _Id = None, group_id: _Id = None) -> Holder:
    if (person_id is None) == (group_id is None):
        raise InvalidRequest("Name either a person_id or a group_id.")
    return Holder(person_id, group_id)


@router.get("/collections/{collection_id}/grants")
def show_grants(backend: BackendPart, caller: CallerPart, collection_id: IdPath) -> GrantList:
    """What is granted of a collection."""
    with backend.database.read() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        return _grants(connection, collection_id)


@router.put("/collections/{collection_id}/grants")
def change_grant(
    backend: BackendPart, caller: CallerPart, collection_id: IdPath, body: GrantBody
) -> GrantList:
    """Give a person or a group a role, in the place of the one before."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        grant(connection, collection_id, _named(connection, body), Role.named(body.role))
        return _grants(connection, collection_id)


@router.delete("/collections/{collection_id}/grants", status_code=204)
def take_back(
    backend: BackendPart,
    caller: CallerPart,
    collection_id: IdPath,
    holder: Annotated[Holder, Depends(_holder)],
) -> Response:
    """Take back what a person or a group has."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        revoke(connection, collection_id, holder)
    return Response(status_code=204)


@router.get("/collections/{collection_id}/audience")
def show_audience(
    backend: BackendPart,
    caller: CallerPart,
    collection_id: IdPath,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> HolderList:
    """Who sees a collection, groups first, by letters of the name; for its managers."""
    with backend.database.read() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        seeing = audience_of(connection, collection_id)
    found = [each for each in seeing if folded(q) in folded(each.name)]
    items = [HolderOut(**_fields(each)) for each in found[:limit]]
    return HolderList(items=items, more=len(found) > limit)


@router.get("/documents/{document_id}/readers")
def show_readers(backend: BackendPart, caller: CallerPart, document_id: IdPath) -> ReadersOut:
    """Who alone may read a document."""
    with backend.database.read() as connection:
        document_for(connection, caller, document_id, Role.MANAGER)
        return _readers(connection, document_id)


@router.put("/documents/{document_id}/readers")
def change_readers(
    backend: BackendPart, caller: CallerPart, document_id: IdPath, body: ReadersBody
) -> ReadersOut:
    """Let only some of those who see the collection read a document, or again all of them."""
    with backend.database.write() as connection:
        document_for(connection, caller, document_id, Role.MANAGER)
        named = None
        if body.readers is not None:
            named = [_named(connection, each) for each in body.readers]
        set_readers(connection, document_id, named)
        return _readers(connection, document_id)


def _named(connection: Connection, body: HolderBody) -> Holder:
    if body.person is not None:
        return Holder(person_id=person_of(connection, body.person).id)
    assert body.group is not None
    return Holder(group_id=group_of(connection, body.group).id)


def _grants(connection: Connection, collection_id: int) -> GrantList:
    found = list_grants(connection, collection_id)
    return GrantList(items=[_grant_out(each) for each in found])


def _readers(connection: Connection, document_id: int) -> ReadersOut:
    found = list_readers(connection, document_id)
    if found is None:
        return ReadersOut(readers=None)
    return ReadersOut(readers=[HolderOut(**_fields(each)) for each in found])


def _grant_out(held: Grant) -> GrantOut:
    return GrantOut(**_fields(held), role=held.role.word)


def _fields(held: Grant | Reader) -> dict[str, Any]:
    return {
        "person_id": held.holder.person_id,
        "group_id": held.holder.group_id,
        "name": held.name,
    }
