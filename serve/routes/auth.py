"""Signing in and out, links, passwords, sessions, and who asks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from serve.authentication import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    address_of,
    credential_of,
    is_secure,
)
from serve.caller import Caller
from serve.files.uploader import default_quotas
from serve.people.errors import NotAllowed
from serve.people.links import link_of
from serve.people.quotas import Keeper, kept_by
from serve.people.schemas import (
    EnterBody,
    LinkBody,
    LinkOut,
    LoginBody,
    MeOut,
    PasswordBody,
    PersonOut,
    SessionList,
    SessionOut,
    SignedInOut,
)
from serve.people.sessions import LIFETIME_SECONDS, end_session, is_by_oidc, list_sessions
from serve.people.shapes import quota_out
from serve.people.signing_in import SignedIn, Visitor
from serve.people.store import get_person
from serve.people.tokens import csrf_token_of
from serve.routes.parts import BackendPart, CallerPart, IdPath, PersonIdPart

router = APIRouter(prefix="/api/v1", tags=["people"])


def _visitor(request: Request) -> Visitor:
    return Visitor(address_of(request.scope), request.headers.get("user-agent", ""))


VisitorPart = Annotated[Visitor, Depends(_visitor)]


@router.post("/auth/login")
async def login(
    request: Request,
    response: Response,
    backend: BackendPart,
    visitor: VisitorPart,
    body: LoginBody,
) -> SignedInOut:
    """Sign in with a name and a password."""
    ways = backend.signing_in
    signed_in = await ways.threads.run(ways.by_password, body.name, body.password, visitor)
    open_for(request, response, signed_in.token)
    return _signed_in_out(signed_in)


@router.post("/auth/links/show")
def show_link(backend: BackendPart, body: LinkBody) -> LinkOut:
    """What a link is for; it stays good."""
    with backend.database.read() as connection:
        link = link_of(connection, body.token)
        name = get_person(connection, link.person_id).name if link.person_id else None
    return LinkOut(purpose=link.purpose.value, name=name)


@router.post("/auth/links")
async def enter(
    request: Request,
    response: Response,
    backend: BackendPart,
    visitor: VisitorPart,
    body: EnterBody,
) -> SignedInOut:
    """Choose a password by a link, and sign in; the link ends."""
    ways = backend.signing_in
    told = (body.token, body.name or "", body.password, visitor)
    signed_in = await ways.threads.run(ways.by_link, *told)
    open_for(request, response, signed_in.token)
    return _signed_in_out(signed_in)


@router.post("/auth/logout", status_code=204)
def logout(request: Request, backend: BackendPart, caller: CallerPart) -> Response:
    """End the session."""
    session_id = _session_id(caller)
    with backend.database.write() as connection:
        end_session(connection, caller.person_id or 0, session_id)
    response = Response(status_code=204)
    secure = is_secure(request.scope)
    name = SECURE_COOKIE if secure else PLAIN_COOKIE
    response.delete_cookie(name, secure=secure, httponly=True, samesite="lax")
    return response


@router.put("/auth/password")
async def change_password(
    request: Request,
    response: Response,
    backend: BackendPart,
    caller: CallerPart,
    visitor: VisitorPart,
    body: PasswordBody,
) -> SignedInOut:
    """Change one's own password; every other session ends."""
    _session_id(caller)
    ways = backend.signing_in
    told = (caller.person_id or 0, body.old, body.new, visitor)
    signed_in = await ways.threads.run(ways.change_password, *told)
    open_for(request, response, signed_in.token)
    return _signed_in_out(signed_in)


@router.get("/me")
def me(request: Request, backend: BackendPart, caller: CallerPart) -> MeOut:
    """Who asks."""
    token, by_oidc, quota = None, False, None
    with backend.database.read() as connection:
        if caller.session_id is not None:
            token = csrf_token_of(credential_of(request.scope).token)
            by_oidc = is_by_oidc(connection, caller.session_id)
        if caller.person_id is not None:
            keeper = Keeper("person", caller.person_id)
            kept = kept_by(connection, keeper, default_quotas(backend.settings))
            quota = quota_out(kept) if kept.quota.is_set else None
    return MeOut(
        person_id=caller.person_id,
        name=caller.name,
        is_administrator=caller.is_administrator,
        permissions=sorted(caller.permissions),
        csrf_token=token,
        by_oidc=by_oidc,
        quota=quota,
    )


@router.get("/auth/sessions")
def sessions(backend: BackendPart, caller: CallerPart, person_id: PersonIdPart) -> SessionList:
    """One's own sessions."""
    with backend.database.read() as connection:
        found = list_sessions(connection, person_id)
    items = [SessionOut.model_validate(each) for each in found]
    for item in items:
        item.current = item.id == caller.session_id
    return SessionList(items=items)


@router.delete("/auth/sessions/{session_id}", status_code=204)
def revoke(backend: BackendPart, person_id: PersonIdPart, session_id: IdPath) -> Response:
    """End one of one's own sessions."""
    with backend.database.write() as connection:
        end_session(connection, person_id, session_id)
    return Response(status_code=204)


def _session_id(caller: Caller) -> int:
    if caller.session_id is None:
        raise NotAllowed("This is for who is signed in with a password.")
    return caller.session_id


def open_for(request: Request, response: Response, token: str) -> None:
    """Have the browser keep a session."""
    secure = is_secure(request.scope)
    response.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=int(LIFETIME_SECONDS),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _signed_in_out(signed_in: SignedIn) -> SignedInOut:
    return SignedInOut(
        person=PersonOut.model_validate(signed_in.person),
        csrf_token=csrf_token_of(signed_in.token),
    )
