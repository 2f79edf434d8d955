"""How much people and collections may keep, for administrators; managers see their collections'."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import Connection

from serve.backend import Backend
from serve.files.uploader import default_quotas
from serve.people.quotas import Keeper, Quota, kept_by, set_quota
from serve.people.rights import Role
from serve.people.schemas import QuotaBody, QuotaDetails
from serve.people.shapes import quota_out
from serve.people.store import get_person
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.scope import check_administrator, collection_for

router = APIRouter(prefix="/api/v1", tags=["rights"])


@router.get("/people/{person_id}/quota")
def show_of_person(backend: BackendPart, caller: CallerPart, person_id: IdPath) -> QuotaDetails:
    """How much a person keeps, and may."""
    check_administrator(caller)
    with backend.database.read() as connection:
        get_person(connection, person_id)
        return _details(backend, connection, Keeper("person", person_id))


@router.put("/people/{person_id}/quota")
def set_of_person(
    backend: BackendPart, caller: CallerPart, person_id: IdPath, body: QuotaBody
) -> QuotaDetails:
    """Say how much a person may keep."""
    check_administrator(caller)
    with backend.database.write() as connection:
        get_person(connection, person_id)
        keeper = Keeper("person", person_id)
        set_quota(connection, keeper, Quota(body.bytes, body.documents))
        return _details(backend, connection, keeper)


@router.get("/collections/{collection_id}/quota")
def show_of_collection(
    backend: BackendPart, caller: CallerPart, collection_id: IdPath
) -> QuotaDetails:
    """How much a collection holds, and may."""
    with backend.database.read() as connection:
        collection_for(connection, caller, collection_id, Role.MANAGER)
        return _details(backend, connection, Keeper("collection", collection_id))


@router.put("/collections/{collection_id}/quota")
def set_of_collection(
    backend: BackendPart, caller: CallerPart, collection_id: IdPath, body: QuotaBody
) -> QuotaDetails:
    """Say how much a collection may hold; its managers do not."""
    with backend.database.write() as connection:
        collection_for(connection, caller, collection_id, Role.READER)
        check_administrator(caller)
        keeper = Keeper("collection", collection_id)
        set_quota(connection, keeper, Quota(body.bytes, body.documents))
        return _details(backend, connection, keeper)


def _details(backend: Backend, connection: Connection, keeper: Keeper) -> QuotaDetails:
    kept = kept_by(connection, keeper, default_quotas(backend.settings))
    return QuotaDetails(
        **dict(quota_out(kept)), set_bytes=kept.own.bytes, set_documents=kept.own.documents
    )
