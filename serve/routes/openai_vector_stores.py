"""OpenAI's API: vector stores, which are collections, their files, and search."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query

from retrieval.store import DocumentFilter, list_documents
from serve.audit.collections import deleted
from serve.backend import Backend
from serve.caller import Caller
from serve.files.uploader import uploader_of
from serve.openai_door.bodies import StoreBody, StoreFileBody, StoreSearchBody
from serve.openai_door.files import document_of_file
from serve.openai_door.models import visible_collections
from serve.openai_door.paging import FILE_CURSOR, STORE_CURSOR, Paging
from serve.openai_door.shapes import listed
from serve.openai_door.store_counts import store_counts
from serve.openai_door.vector_stores import (
    StoreFile,
    collection_of_store,
    file_in_store,
    found_object,
    store_file_object,
    store_object,
    store_scope,
    taken_into_store,
)
from serve.people.rights import Role
from serve.routes.openai_files import FileId
from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.scope import check_role, make_collection, whole_scope

router = APIRouter(prefix="/v1/vector_stores", tags=["openai"])

StoreId = Annotated[str, Path(max_length=60)]


def _stores(
    after: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Paging:
    return Paging.of(STORE_CURSOR, after, limit)


def _files(
    after: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Paging:
    return Paging.of(FILE_CURSOR, after, limit)


@router.post("")
def create(backend: BackendPart, caller: CallerPart, body: StoreBody) -> dict[str, Any]:
    """Make a collection, and take files into it."""
    with backend.database.read() as connection:
        for file_id in body.file_ids:
            document_of_file(connection, caller, file_id)
    name = body.name or f"vector-store-{uuid4().hex[:8]}"
    with backend.database.write() as connection:
        made = make_collection(connection, caller, name)
    store_id = f"vs_{made.id}"
    for file_id in body.file_ids:
        taken_into_store(backend, caller, store_id, file_id)
    return _shown(backend, caller, store_id)


@router.get("")
def list_some(
    backend: BackendPart, caller: CallerPart, paging: Annotated[Paging, Depends(_stores)]
) -> dict[str, Any]:
    """Vector stores, the oldest first."""
    with backend.database.read() as connection:
        seen = sorted(visible_collections(connection, caller), key=lambda each: each.id)
        rest = [each for each in seen if each.id > paging.after]
        page = rest[: paging.limit]
        counts = store_counts(
            connection, [each.id for each in page], whole_scope(connection, caller)
        )
    items = [store_object(each, counts[each.id]) for each in page]
    return listed(items, has_more=len(rest) > len(page))


@router.get("/{store_id}")
def show(backend: BackendPart, caller: CallerPart, store_id: StoreId) -> dict[str, Any]:
    """One vector store."""
    return _shown(backend, caller, store_id)


@router.delete("/{store_id}")
def delete(backend: BackendPart, caller: CallerPart, store_id: StoreId) -> dict[str, Any]:
    """Delete a collection with all its documents."""
    with backend.database.write() as connection:
        collection = collection_of_store(connection, caller, store_id)
        check_role(connection, caller, collection.id, Role.MANAGER)
        unused = deleted(connection, collection.id)
    backend.intake.forget(unused)
    return {"id": store_id, "object": "vector_store.deleted", "deleted": True}


@router.post("/{store_id}/files")
def take_in(
    backend: BackendPart, caller: CallerPart, store_id: StoreId, body: StoreFileBody
) -> dict[str, Any]:
    """Take a file that was uploaded before into a vector store."""
    return store_file_object(taken_into_store(backend, caller, store_id, body.file_id))


@router.get("/{store_id}/files")
def list_files(
    backend: BackendPart,
    caller: CallerPart,
    store_id: StoreId,
    paging: Annotated[Paging, Depends(_files)],
    status: Annotated[str, Query(alias="filter", max_length=40)] = "",
) -> dict[str, Any]:
    """The files of a vector store, the oldest first; with a filter a page may be shorter."""
    with backend.database.read() as connection:
        scope = store_scope(connection, caller, store_id)
        wanted = DocumentFilter(scope, after=paging.after, limit=paging.limit + 1)
        found = list_documents(connection, wanted)
    page = [StoreFile(f"file-{each.id}", each) for each in found[: paging.limit]]
    items = [store_file_object(each) for each in page]
    more = len(found) > paging.limit
    return listed([each for each in items if status in ("", each["status"])], has_more=more)


@router.get("/{store_id}/files/{file_id}")
def show_file(
    backend: BackendPart, caller: CallerPart, store_id: StoreId, file_id: FileId
) -> dict[str, Any]:
    """One file of a vector store."""
    with backend.database.read() as connection:
        return store_file_object(file_in_store(connection, caller, store_id, file_id))


@router.delete("/{store_id}/files/{file_id}")
def delete_file(
    backend: BackendPart, caller: CallerPart, store_id: StoreId, file_id: FileId
) -> dict[str, Any]:
    """Delete a document from a collection; the same content elsewhere stays."""
    with backend.database.read() as connection:
        file = file_in_store(connection, caller, store_id, file_id)
        check_role(connection, caller, file.document.collection_id, Role.WRITER)
    backend.intake.delete(file.document.id, uploader_of(caller, backend.settings))
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


@router.post("/{store_id}/search")
def search(
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    store_id: StoreId,
    body: StoreSearchBody,
) -> dict[str, Any]:
    """The best passages of a vector store."""
    with backend.database.read() as connection:
        scope = store_scope(connection, caller, store_id)
    found = engine.search(body.words, scope, body.max_num_results)
    least = body.ranking_options.score_threshold if body.ranking_options else 0.0
    return {
        "object": "vector_store.search_results.page",
        "search_query": [body.words],
        "data": [found_object(hit) for hit in found.hits if hit.score >= least],
        "has_more": False,
        "next_page": None,
    }


def _shown(backend: Backend, caller: Caller, store_id: str) -> dict[str, Any]:
    with backend.database.read() as connection:
        collection = collection_of_store(connection, caller, store_id)
        counts = store_counts(connection, [collection.id], whole_scope(connection, caller))
    return store_object(collection, counts[collection.id])
