"""Collections: list, make, rename, delete."""

from __future__ import annotations

from fastapi import APIRouter, Response

from retrieval.store import (
    create_collection,
    delete_collection,
    get_collection,
    list_collections,
    rename_collection,
    set_collection_model,
)
from serve.routes.parts import BackendPart, IdPath
from serve.schemas import CollectionBody, CollectionList, CollectionOut, CollectionPatch

router = APIRouter(prefix="/api/v1/collections", tags=["collections"])


@router.get("")
def list_all(backend: BackendPart) -> CollectionList:
    """All collections by name."""
    with backend.database.read() as connection:
        found = list_collections(connection)
    return CollectionList(items=[CollectionOut.model_validate(each) for each in found])


@router.post("", status_code=201)
def create(backend: BackendPart, body: CollectionBody) -> CollectionOut:
    """Make a collection."""
    with backend.database.write() as connection:
        return CollectionOut.model_validate(create_collection(connection, body.name))


@router.get("/{collection_id}")
def show(backend: BackendPart, collection_id: IdPath) -> CollectionOut:
    """One collection."""
    with backend.database.read() as connection:
        return CollectionOut.model_validate(get_collection(connection, collection_id))


@router.patch("/{collection_id}")
def change(backend: BackendPart, collection_id: IdPath, body: CollectionPatch) -> CollectionOut:
    """Rename a collection, or name the model that answers questions about it."""
    with backend.database.write() as connection:
        if body.name is not None:
            rename_collection(connection, collection_id, body.name)
        if body.model is not None:
            set_collection_model(connection, collection_id, body.model)
        return CollectionOut.model_validate(get_collection(connection, collection_id))


@router.delete("/{collection_id}", status_code=204)
def delete(backend: BackendPart, collection_id: IdPath) -> Response:
    """Delete a collection with all its documents."""
    with backend.database.write() as connection:
        unused = delete_collection(connection, collection_id)
    backend.intake.forget(unused)
    return Response(status_code=204)
