"""Signing in by the organisation's OpenID provider."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from retrieval.errors import CloisterError, NotFound
from serve.authentication import is_secure
from serve.backend import Backend
from serve.oidc.attempt import LIFETIME_SECONDS, Attempt, attempt_in, local_path
from serve.oidc.error_page import POLICY, error_page
from serve.oidc.provider import Returned
from serve.oidc.signing_in import OidcSigningIn
from serve.people.links import link_of
from serve.people.schemas import GoOut, LinkBody, MethodsOut, OidcMethod
from serve.problems import problem_of, problem_response
from serve.routes.auth import VisitorPart, open_for
from serve.routes.parts import BackendPart

router = APIRouter(prefix="/api/v1/auth", tags=["people"])

_START, _CALLBACK = "/api/v1/auth/oidc", "/api/v1/auth/oidc/callback"
_PLAIN_COOKIE, _SECURE_COOKIE = "cloister-oidc", "__Host-cloister-oidc"

# All of them together stay below the largest head of a request, whatever letters they are in.
_Text = Annotated[str, Query(max_length=2_500)]
_Word = Annotated[str, Query(max_length=500)]


def _oidc(backend: BackendPart) -> OidcSigningIn:
    if backend.oidc is None:
        raise NotFound("No sign-in provider is configured.")
    return backend.oidc


OidcPart = Annotated[OidcSigningIn, Depends(_oidc)]


@router.get("/methods")
def methods(backend: BackendPart) -> MethodsOut:
    """How people may sign in, for the page on which they do."""
    if backend.oidc is None:
        return MethodsOut(oidc=None)
    return MethodsOut(oidc=OidcMethod(name=backend.oidc.options.name, path=_START))


@router.get("/oidc", response_class=RedirectResponse, status_code=303)
async def begin(request: Request, oidc: OidcPart, return_to: _Text = "/") -> Response:
    """Send the browser to the provider; afterwards it comes back to ``return_to``."""
    attempt = Attempt(local_path(return_to))
    try:
        address = await oidc.threads.run(
            oidc.provider.sign_in_address, attempt, _redirect_uri(request)
        )
    except CloisterError as error:
        return _failed(request, error)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    _remember(request, response, attempt)
    return response


@router.post("/oidc/links")
async def begin_by_link(
    request: Request, response: Response, backend: BackendPart, oidc: OidcPart, body: LinkBody
) -> GoOut:
    """Answer an invitation at the provider: the account is entered by it from then on."""
    await run_in_threadpool(_check_link, backend, body.token)
    attempt = Attempt(link=body.token)
    address = await oidc.threads.run(oidc.provider.sign_in_address, attempt, _redirect_uri(request))
    _remember(request, response, attempt)
    return GoOut(location=address)


def _check_link(backend: Backend, token: str) -> None:
    with backend.database.read() as connection:
        link_of(connection, token)


@router.get("/oidc/callback", response_class=RedirectResponse, status_code=303)
async def come_back(
    request: Request,
    oidc: OidcPart,
    visitor: VisitorPart,
    code: _Text = "",
    state: _Word = "",
    iss: _Word = "",
    error: _Word = "",
) -> Response:
    """Where the provider sends the browser to, which is signed in then."""
    returned = Returned(code, state, iss, error)
    try:
        attempt = attempt_in(request.cookies.get(_cookie(request), ""))
        uri = _redirect_uri(request)
        signed_in = await oidc.threads.run(oidc.finish, returned, attempt, uri, visitor)
    except CloisterError as trouble:
        response = _failed(request, trouble)
    else:
        response = RedirectResponse(local_path(attempt.return_to), HTTPStatus.SEE_OTHER)
        open_for(request, response, signed_in.token)
    _forget(request, response)
    return response


@router.get("/oidc/logout", response_class=RedirectResponse, status_code=303)
async def leave(request: Request, oidc: OidcPart) -> Response:
    """Send the browser to sign out of the provider as well, if that is offered there."""
    try:
        address = await oidc.threads.run(oidc.provider.sign_out_address, f"{_origin(request)}/")
    except CloisterError as error:
        return _failed(request, error)
    return RedirectResponse(address or "/", HTTPStatus.SEE_OTHER)


def _origin(request: Request) -> str:
    """This site as the browser calls it, by a name that has been checked to be ours."""
    scheme = "https" if is_secure(request.scope) else "http"
    return f"{scheme}://{request.headers['host']}"


def _redirect_uri(request: Request) -> str:
    return _origin(request) + _CALLBACK


def _cookie(request: Request) -> str:
    return _SECURE_COOKIE if is_secure(request.scope) else _PLAIN_COOKIE


def _remember(request: Request, response: Response, attempt: Attempt) -> None:
    response.set_cookie(
        _cookie(request),
        attempt.sealed(),
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=is_secure(request.scope),
        httponly=True,
        # Not strict: the provider's page leads back here.
        samesite="lax",
    )


def _forget(request: Request, response: Response) -> None:
    secure = is_secure(request.scope)
    response.delete_cookie(_cookie(request), secure=secure, httponly=True, samesite="lax")


def _failed(request: Request, error: CloisterError) -> Response:
    """What went wrong: as a page for a browser, as problem+json for a program."""
    problem = problem_of(error)
    told: JSONResponse = problem_response(request, problem)
    if "text/html" not in request.headers.get("accept", ""):
        return told
    languages = request.headers.get("accept-language", "")
    page = error_page(problem, languages, f"{_START}?return_to={quote('/')}")
    headers = {"Content-Security-Policy": POLICY, "Vary": "Accept, Accept-Language"}
    if "retry-after" in told.headers:
        headers["Retry-After"] = told.headers["retry-after"]
    return HTMLResponse(page, status_code=told.status_code, headers=headers)
