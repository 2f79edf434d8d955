"""Who a request comes from, found out once for every route, before any of them runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval.database import Database
from retrieval.errors import CloisterError
from serve.audit.acting import Acting, acting, acting_as
from serve.backend import Backend
from serve.caller import OPERATOR, Caller
from serve.people.errors import CsrfFailed, NotSignedIn
from serve.people.keys import caller_of_key, note_key_use
from serve.people.permissions import check_permission
from serve.people.sessions import Found, caller_of_session, note_session_use
from serve.people.tokens import (
    KEY,
    LONGEST,
    OPERATOR_TOKEN,
    SESSION,
    csrf_token_of,
    same,
    sha256_of,
)
from serve.problems import Refusal, problem_of, problem_response
from serve.request_turns import RequestTurn, as_own
from serve.turn_taking import ClientGone, Exchange, TurnTaking
from serve.web import is_web_path

log = logging.getLogger(__name__)

CSRF_HEADER = "X-CSRF-Token"
PLAIN_COOKIE, SECURE_COOKIE = "cloister", "__Host-cloister"

OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/api/v1/auth/login",
        "/api/v1/auth/links",
        "/api/v1/auth/links/show",
        "/api/v1/auth/methods",
        "/api/v1/auth/oidc",
        "/api/v1/auth/oidc/callback",
        "/api/v1/auth/oidc/links",
        "/api/v1/auth/oidc/logout",
    }
)
"""What answers without anybody having signed in."""

_PROBES = ("/healthz", "/readyz")
"""What answers at once, however much is asked."""

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Credential:
    """The one thing that a request brings to say who it comes from."""

    token: str = field(repr=False)
    is_cookie: bool


class Authentication:
    """ASGI middleware: a request goes on with its caller in its turn, or ends here."""

    def __init__(self, app: ASGIApp, turns: TurnTaking) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the caller, for routes in ``request.state.caller``, or refuse the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visitor = Acting(None, str(scope.get("request_id", "")), address_of(scope))
        with acting_as(visitor):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path in _PROBES or is_web_path(path):
            await self._app(scope, receive, send)
            return
        exchange = Exchange(receive, send)
        try:
            turn = await self._admitted(scope, exchange)
        except ClientGone:
            return
        except CloisterError as error:
            response = problem_response(Request(scope), problem_of(error))
            await response(scope, receive, send)
            return
        except Refusal as refusal:
            response = problem_response(Request(scope), refusal.problem, refusal.headers)
            await response(scope, receive, send)
            return
        caller = scope.get("state", {}).get("caller")

        async def receive_known() -> Message:
            message = await exchange.receive()
            is_last = message["type"] == "http.request" and not message.get("more_body", False)
            if caller is not None and is_last and exchange.was_awaited:
                await _found_again(scope, caller)
            return message

        with acting_as(replace(acting(), caller=caller)), as_own(turn):
            await self._app(scope, receive_known, exchange.send)

    async def _admitted(self, scope: Scope, exchange: Exchange) -> RequestTurn | None:
        """The turn of a request, once it has come and its caller is known.

        The operator waits for nobody: who runs the machine must get in when it is flooded.
        """
        address = address_of(scope)
        if scope["path"] in OPEN_PATHS:
            return await exchange.begun(self._turns.turn_of_address(address))
        backend: Backend = scope["app"].state.backend
        credential = credential_of(scope)
        state = scope.setdefault("state", {})
        if not credential.is_cookie and same(credential.token, backend.operator_token):
            state["caller"] = OPERATOR
            return None
        sha256 = sha256_of(credential.token)
        is_known = self._turns.knows(sha256)
        turn = await exchange.begun(self._turns.turn_of(sha256, address))
        caller = await self._found(scope, turn, sha256)
        if is_known or caller.person_id is None:
            return turn
        turn.give_back()
        turn = await exchange.begun(self._turns.learn(sha256, caller.person_id))
        # That may have taken long.
        await self._found(scope, turn, sha256)
        return turn

    async def _found(self, scope: Scope, turn: RequestTurn, sha256: str) -> Caller:
        """Have a request know its caller; the turn of nobody is given back.

        What does not hold any more is counted by its address from now on.
        """
        try:
            return await run_in_threadpool(_know_caller, scope)
        except BaseException as error:
            turn.give_back()
            if isinstance(error, NotSignedIn):
                self._turns.forget(sha256)
            raise


async def _found_again(scope: Scope, caller: Caller) -> None:
    """Have a request know its caller as of now, since its body has taken a while to come.

    Raises:
        Refusal: Who has sent it has no way in any more.
    """
    if caller.is_operator:
        return
    try:
        await run_in_threadpool(_know_caller, scope)
    except CloisterError as error:
        raise Refusal(problem_of(error)) from error


def _know_caller(scope: Scope) -> Caller:
    caller = caller_of(scope, scope["app"].state.backend, credential_of(scope))
    scope["state"]["caller"] = caller
    return caller


def caller_of(scope: Scope, backend: Backend, credential: Credential) -> Caller:
    """The person that a request comes from.

    Raises:
        NotSignedIn: What it brings to say so does not hold.
        CsrfFailed: A page of another site may have sent it.
        KeyNotAllowed: Its key is for something else.
    """
    if credential.is_cookie:
        _check_csrf(scope, credential.token)
    with backend.database.read() as connection:
        found = _found(connection, credential)
    if found is None:
        raise NotSignedIn("The session or key does not hold, or not any more.")
    if found.is_stale:
        _note_use(backend.database, found.caller)
    check_permission(found.caller, scope["method"], scope["path"])
    return found.caller


def credential_of(scope: Scope) -> Credential:
    """The one session cookie or bearer token of a request."""
    headers = Headers(scope=scope)
    # Other schemes are for a proxy in front of us.
    bearers = [
        value[7:].strip()
        for value in headers.getlist("authorization")
        if value[:7].lower() == "bearer "
    ]
    name = SECURE_COOKIE if is_secure(scope) else PLAIN_COOKIE
    cookies = [
        value
        for line in headers.getlist("cookie")
        for key, value in cookie_parser(line).items()
        if key == name and value
    ]
    if len(bearers) + len(cookies) != 1:
        raise NotSignedIn(
            "Sign in first."
            if not (bearers or cookies)
            else "A request comes with a session or with a key, not with both.",
            advice="" if bearers or cookies else "Send a session's cookie or an API key.",
        )
    token = (bearers or cookies)[0]
    kinds = (SESSION,) if cookies else (KEY, OPERATOR_TOKEN)
    if len(token) > LONGEST or not token.startswith(kinds):
        raise NotSignedIn("The session or key does not hold, or not any more.")
    return Credential(token, bool(cookies))


def address_of(scope: Scope) -> str:
    """Where a request comes from.

    Only a UNIX socket has no address of its own; behind it is our proxy, whose word counts.
    """
    client = scope.get("client")
    if client and client[0]:
        return str(client[0])
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    return forwarded.rpartition(",")[2].strip() or "local"


def is_secure(scope: Scope) -> bool:
    """Whether a request came by TLS, as far as we or the proxy before us know.

    Nobody gains by claiming it: only the cookie's name and flag follow from it.
    """
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "")
    return scope.get("scheme") == "https" or forwarded.lower() == "https"


def _check_csrf(scope: Scope, token: str) -> None:
    if scope["method"] in _SAFE_METHODS:
        return
    sent = Headers(scope=scope).get(CSRF_HEADER, "")
    if not same(sent, csrf_token_of(token)):
        raise CsrfFailed(
            f"A change needs the header {CSRF_HEADER} with the token of the session.",
            advice="GET /api/v1/me tells it.",
        )


def _found(connection: Connection, credential: Credential) -> Found | None:
    if credential.is_cookie:
        return caller_of_session(connection, credential.token)
    return caller_of_key(connection, credential.token)


def _note_use(database: Database, caller: Caller) -> None:
    try:
        with database.write() as connection:
            if caller.session_id is not None:
                note_session_use(connection, caller.session_id)
            if caller.key_id is not None:
                note_key_use(connection, caller.key_id)
    except DatabaseError as error:
        # Reading goes on where nothing can be written, as on a full disk.
        log.warning("the use of a session or key was not noted: %s", error.orig)
