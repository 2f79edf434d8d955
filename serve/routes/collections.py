"""Collections: list, make, rename, delete."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from retrieval.store import get_collection, list_collections
from retrieval.types import Collection
from serve.audit.collections import deleted, given_model, renamed
from serve.caller import Caller
from serve.people.rights import Role, roles_of
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.schemas import CollectionBody, CollectionList, CollectionOut, CollectionPatch
from serve.scope import check_administrator, collection_for, make_collection, whole_scope

router = APIRouter(prefix="/api/v1/collections", tags=["collections"])


@router.get("")
def list_all(backend: BackendPart, caller: CallerPart) -> CollectionList:
    """The collections that are granted, by name; for administrators, all."""
    with backend.database.read() as connection:
        roles = roles_of(connection, caller)
        found = list_collections(connection, whole_scope(connection, caller))
    shown = [each for each in found if each.id in roles or caller.is_administrator]
    return CollectionList(items=[_out(each, roles.get(each.id)) for each in shown])


@router.post("", status_code=201)
def create(backend: BackendPart, caller: CallerPart, body: CollectionBody) -> CollectionOut:
    """Make a collection; who makes it manages it."""
    with backend.database.write() as connection:
        return _out(make_collection(connection, caller, body.name), Role.MANAGER)


@router.get("/{collection_id}")
def show(backend: BackendPart, caller: CallerPart, collection_id: IdPath) -> CollectionOut:
    """One collection."""
    with backend.database.read() as connection:
        collection_for(connection, caller, collection_id, Role.READER)
        return _shown(connection, caller, collection_id)


@router.patch("/{collection_id}")
def change(
    backend: BackendPart, caller: CallerPart, collection_id: IdPath, body: CollectionPatch
) -> CollectionOut:
    """Rename a collection, or name the model that answers questions about it."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        if body.name is not None:
            # Only who knows all names anyway: a name that is taken would tell of a collection.
            check_administrator(caller)
            renamed(connection, collection_id, body.name)
        if body.model is not None:
            given_model(connection, collection_id, body.model)
        return _shown(connection, caller, collection_id)


@router.delete("/{collection_id}", status_code=204)
def delete(backend: BackendPart, caller: CallerPart, collection_id: IdPath) -> Response:
    """Delete a collection with all its documents."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        unused = deleted(connection, collection_id)
    backend.intake.forget(unused)
    return Response(status_code=204)


def _shown(connection: Connection, caller: Caller, collection_id: int) -> CollectionOut:
    scope = whole_scope(connection, caller)
    role = roles_of(connection, caller).get(collection_id)
    return _out(get_collection(connection, collection_id, scope), role)


def _out(collection: Collection, role: Role | None) -> CollectionOut:
    out = CollectionOut.model_validate(collection)
    return out.model_copy(update={"role": role.word if role else None})
