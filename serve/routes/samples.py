"""Sample documents, to try Cloister with."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from sqlalchemy import Connection

from ingest.intake import ReceivedFile
from retrieval.errors import NotFound
from retrieval.store import get_collection
from retrieval.types import Collection
from serve.caller import Caller
from serve.files.receiving import Destination, taken_in
from serve.files.uploader import uploader_of
from serve.people.rights import Role, roles_of
from serve.routes.parts import BackendPart, CallerPart
from serve.samples import samples_in
from serve.schemas import CollectionOut, SamplesBody, SamplesOut
from serve.scope import check_role, collection_of, make_collection, whole_scope

router = APIRouter(prefix="/api/v1", tags=["documents"])


@router.post("/samples", status_code=202)
def load(backend: BackendPart, caller: CallerPart, body: SamplesBody) -> SamplesOut:
    """Take the sample documents in, into a collection of their own; those there stay as they are.

    Administrators make the collection; who may write in it can do this again.
    """
    samples = samples_in(body.language)
    with backend.database.write() as connection:
        found = _writable(connection, caller, samples.collection)
    into = Destination(found.id, uploader_of(caller, backend.settings))
    items = [taken_in(backend, into, _received(path)) for path in samples.files]
    with backend.database.read() as connection:
        made = get_collection(connection, found.id, whole_scope(connection, caller))
        role = roles_of(connection, caller)[made.id].word
    shown = CollectionOut.model_validate(made).model_copy(update={"role": role})
    return SamplesOut(items=items, collection=shown, questions=list(samples.questions))


def _writable(connection: Connection, caller: Caller, name: str) -> Collection:
    try:
        found = collection_of(connection, caller, name)
    except NotFound:
        return make_collection(connection, caller, name)
    check_role(connection, caller, found.id, Role.WRITER)
    return found


def _received(path: Path) -> ReceivedFile:
    content = path.read_bytes()
    return ReceivedFile(path, path.name, sha256(content).hexdigest(), len(content))
