"""One's own data: taken along, and deleted."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from serve.audit.acts import Act
from serve.caller import Caller
from serve.own_data import FILE_NAME, delete_conversations, exported, pieces
from serve.people.errors import NotAllowed
from serve.people.store import delete_person
from serve.routes.parts import BackendPart, CallerPart, PersonIdPart, WatchPart

router = APIRouter(prefix="/api/v1/me", tags=["people"])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def export(
    backend: BackendPart, caller: CallerPart, watch: WatchPart, person_id: PersonIdPart
) -> StreamingResponse:
    """One's account and all of one's conversations with their feedback, in a ZIP file."""
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    file = exported(backend.database, caller, person_id)
    backend.journal.record(Act.OWN_DATA_EXPORTED, f"person:{person_id}")
    sent = watch.while_allowed(pieces(file), lambda: watch.check([]))
    return StreamingResponse(sent, headers=headers, media_type="application/zip")


@router.delete("/conversations", status_code=204)
def forget_conversations(
    backend: BackendPart, caller: CallerPart, person_id: PersonIdPart
) -> Response:
    """Delete all of one's conversations."""
    _check_session(caller)
    with backend.database.write() as connection:
        delete_conversations(connection, person_id)
    backend.database.forget_deleted()
    return Response(status_code=204)


@router.delete("", status_code=204)
def leave(backend: BackendPart, caller: CallerPart, person_id: PersonIdPart) -> Response:
    """Delete one's account with keys, grants and conversations."""
    _check_session(caller)
    with backend.database.write() as connection:
        delete_person(connection, person_id)
    backend.database.forget_deleted()
    return Response(status_code=204)


def _check_session(caller: Caller) -> None:
    if caller.session_id is None:
        raise NotAllowed("This is for who is signed in with a browser, not for keys.")
