"""API keys: one's own; administrators see and end those of all people."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from serve.caller import Caller
from serve.errors import InvalidRequest
from serve.people.errors import KeyNotAllowed, NotAllowed
from serve.people.keys import NewKey, create_key, delete_key, earlier, expiry_of, list_keys
from serve.people.schemas import KeyBody, KeyList, KeyOut, NewKeyOut
from serve.people.store import list_people, person_of
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.scope import check_administrator

router = APIRouter(prefix="/api/v1/keys", tags=["people"])


@router.get("")
def list_all(backend: BackendPart, caller: CallerPart, everybody: bool = False) -> KeyList:
    """One's own keys; for the operator, and administrators who want it, those of all people."""
    if everybody:
        check_administrator(caller)
    with backend.database.read() as connection:
        if everybody or caller.person_id is None:
            owners = [each.id for each in list_people(connection)]
        else:
            owners = [caller.person_id]
        found = [key for owner in owners for key in list_keys(connection, owner)]
    return KeyList(items=[KeyOut.model_validate(each) for each in found])


@router.post("", status_code=201)
def create(backend: BackendPart, caller: CallerPart, body: KeyBody) -> NewKeyOut:
    """Make a key; its secret is shown this once. One made with a key ends with that or before."""
    if not body.permissions <= caller.permissions:
        raise KeyNotAllowed("A key cannot make one that may do more.")
    with backend.database.write() as connection:
        owner = _owner(connection, caller, body)
        ends = body.expires_at.timestamp() if body.expires_at else None
        if caller.key_id is not None:
            ends = earlier(ends, expiry_of(connection, caller.key_id))
        new = NewKey(owner, body.name, body.permissions, ends, caller.key_id)
        key, token = create_key(connection, new)
    return NewKeyOut(**KeyOut.model_validate(key).model_dump(), key=token)


@router.delete("/{key_id}", status_code=204)
def delete(backend: BackendPart, caller: CallerPart, key_id: IdPath) -> Response:
    """Delete a key, which ends at once with those made with it; administrators delete anybody's."""
    with backend.database.write() as connection:
        delete_key(connection, key_id, None if caller.is_administrator else caller.person_id)
    return Response(status_code=204)


def _owner(connection: Connection, caller: Caller, body: KeyBody) -> int:
    if caller.person_id is not None:
        if body.person is not None:
            raise NotAllowed("Everybody makes keys for themselves alone.")
        return caller.person_id
    if body.person is None:
        raise InvalidRequest("The operator makes keys for a person: name one.")
    return person_of(connection, body.person).id
