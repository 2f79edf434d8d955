"""Where people are signed in, for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from serve.people.schemas import SessionList, SessionOut
from serve.people.sessions import end_sessions, list_sessions
from serve.people.store import get_person
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.scope import check_administrator


def _administrator(caller: CallerPart) -> None:
    check_administrator(caller)


router = APIRouter(
    prefix="/api/v1/people/{person_id}/sessions",
    tags=["people"],
    dependencies=[Depends(_administrator)],
)


@router.get("")
def sessions(backend: BackendPart, person_id: IdPath) -> SessionList:
    """Where a person is signed in."""
    with backend.database.read() as connection:
        get_person(connection, person_id)
        found = list_sessions(connection, person_id)
    return SessionList(items=[SessionOut.model_validate(each) for each in found])


@router.delete("", status_code=204)
def sign_out(backend: BackendPart, person_id: IdPath) -> Response:
    """End all sessions of a person."""
    with backend.database.write() as connection:
        get_person(connection, person_id)
        end_sessions(connection, person_id)
    return Response(status_code=204)
