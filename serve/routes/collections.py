"""Collections: list, make, rename, delete."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from retrieval.store import get_collection, list_collections
from retrieval.types import Collection
from serve.audit.collections import deleted, given_model, renamed
from serve.backend import Backend
from serve.caller import Caller
from serve.files.uploader import default_quotas
from serve.people.quotas import Kept, limited_collections
from serve.people.rights import Role, roles_of
from serve.people.shapes import quota_out
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
        quotas = _quotas(backend, connection, caller, [each.id for each in shown])
    items = [_out(each, roles.get(each.id), quotas.get(each.id)) for each in shown]
    return CollectionList(items=items)


@router.post("", status_code=201)
def create(backend: BackendPart, caller: CallerPart, body: CollectionBody) -> CollectionOut:
    """Make a collection; who makes it manages it."""
    with backend.database.write() as connection:
        made = make_collection(connection, caller, body.name)
        return _shown(backend, connection, caller, made.id)


@router.get("/{collection_id}")
def show(backend: BackendPart, caller: CallerPart, collection_id: IdPath) -> CollectionOut:
    """One collection."""
    with backend.database.read() as connection:
        collection_for(connection, caller, collection_id, Role.READER)
        return _shown(backend, connection, caller, collection_id)


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
        return _shown(backend, connection, caller, collection_id)


@router.delete("/{collection_id}", status_code=204)
def delete(backend: BackendPart, caller: CallerPart, collection_id: IdPath) -> Response:
    """Delete a collection with all its documents."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        unused = deleted(connection, collection_id)
    backend.intake.forget(unused)
    return Response(status_code=204)


def _shown(
    backend: Backend, connection: Connection, caller: Caller, collection_id: int
) -> CollectionOut:
    scope = whole_scope(connection, caller)
    role = roles_of(connection, caller).get(collection_id)
    quotas = _quotas(backend, connection, caller, [collection_id])
    return _out(get_collection(connection, collection_id, scope), role, quotas.get(collection_id))


def _quotas(
    backend: Backend, connection: Connection, caller: Caller, collection_ids: list[int]
) -> dict[int, Kept]:
    """The quotas that the caller may know: how much there is tells of documents of others."""
    roles = roles_of(connection, caller)
    managed = [each for each in collection_ids if roles.get(each) is Role.MANAGER]
    told = collection_ids if caller.is_administrator else managed
    return limited_collections(connection, told, default_quotas(backend.settings))


def _out(collection: Collection, role: Role | None, kept: Kept | None) -> CollectionOut:
    out = CollectionOut.model_validate(collection)
    quota = quota_out(kept) if kept else None
    return out.model_copy(update={"role": role.word if role else None, "quota": quota})
