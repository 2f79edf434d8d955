"""What every request passes first: its id, where it comes from, its size, and safe headers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval.errors import CloisterError
from serve.problems import problem_response, recorded_problem
from serve.request_body import OF_JSON, OF_MCP, OF_UPLOADS, RequestBody
from serve.schemas import Problem
from serve.telemetry.spans import Sink, Span, request_traced
from serve.telemetry.trace_context import context_in

log = logging.getLogger(__name__)

UPLOAD_PATHS = {"/api/v1/documents", "/v1/files"}
_BOUNDS = dict.fromkeys(UPLOAD_PATHS, OF_UPLOADS) | {"/mcp": OF_MCP}

CLIENT_IS_GONE = 499
"""The status of what nobody waited for; it stands in logs and metrics only."""

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PORT = re.compile(r":\d{1,5}\Z")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


_UNEXPECTED = (
    "internal_error",
    "Something went wrong in the server; its log says more under this request's id.",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What may be told of a request; ``route`` is its template, never its path."""

    method: str
    route: str
    status: int
    seconds: float


class Gate:
    """ASGI middleware around the whole app."""

    def __init__(
        self,
        app: ASGIApp,
        public_host: str = "",
        count: Callable[[Seen], None] | None = None,
        sink: Sink | None = None,
    ) -> None:
        self._app = app
        self._public_host = public_host
        self._count = count
        self._sink = sink

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["request_id"] = request_id = _kept_id(headers) or uuid4().hex
        begun = time.monotonic()
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, request_id)
            await send(message)

        with request_traced(context_in(headers.getlist("traceparent")), self._sink) as span:
            try:
                await self._answer(scope, receive, send_safely, lambda: status > 0)
            finally:
                self._note(scope, status, time.monotonic() - begun, span)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, has_begun: Callable[[], bool]
    ) -> None:
        headers = Headers(scope=scope)
        refusal = _refusal(scope["method"], headers, self._public_host)
        if refusal:
            response = problem_response(Request(scope), refusal)
            await response(scope, receive, send)
            return
        _leave_foreign_cookies_out(scope)
        bounds = _BOUNDS.get(scope["path"], OF_JSON)
        try:
            await self._app(scope, RequestBody(receive, bounds).receive, send)
        except Exception as error:
            if has_begun() and (reason := _named_reason(error)):
                # Closed without an end, what was sent is known to be incomplete.
                log.warning("request %s broken off: %s", scope["request_id"], reason)
                return
            log.exception("request %s failed: %s", scope["request_id"], _route_of(scope))
            if not has_begun():
                response = problem_response(Request(scope), recorded_problem(*_UNEXPECTED))
                await response(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float, span: Span) -> None:
        """Log, count and trace a request, by what the server has of it, not by what was sent."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        seen = Seen(method, _route_of(scope), status or CLIENT_IS_GONE, seconds)
        fields = {"request_id": scope["request_id"], **asdict(seen)}
        log.info("%s %s %s -> %d in %.3f s", *fields.values(), extra={"fields": fields})
        if self._count:
            self._count(seen)
        span.name = f"{seen.method} {seen.route}"
        span.failed = seen.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        span.attributes |= {
            "http.request.method": seen.method,
            "http.route": seen.route,
            "http.response.status_code": seen.status,
            "cloister.request_id": scope["request_id"],
        }


def _named_reason(error: Exception) -> str:
    """The code of an error of ours, which Starlette wraps once a response has begun; else empty."""
    return error.__cause__.code if isinstance(error.__cause__, CloisterError) else ""


def _route_of(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "")) or "(none)"


def request_id_of(request: Request) -> str:
    """The id that the gate has given a request; empty where none stands before the app."""
    return str(request.scope.get("request_id", ""))


def _kept_id(headers: Headers) -> str:
    """The id that a client has given its request, if it is one that may stand in a log."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else ""


def _add_headers(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id


def _leave_foreign_cookies_out(scope: Scope) -> None:
    """Take away cookies with a backslash, which none of ours has.

    Unquoting one takes Python before 3.11.10 and 3.12.5 the square of its length.
    """
    scope["headers"] = [
        (name, b";".join(each for each in value.split(b";") if b"\\" not in each))
        if name == b"cookie"
        else (name, value)
        for name, value in scope["headers"]
    ]


def _refusal(method: str, headers: Headers, public_host: str) -> Problem | None:
    """Why a request may not pass: a foreign name for us, or a foreign page behind it."""
    host = headers.get("host", "")
    if not _is_ours(host, public_host) or len(headers.getlist("host")) != 1:
        return recorded_problem(
            "host_not_allowed",
            f"This server does not answer to the name {host!r}.",
            f"Use {public_host}." if public_host else "Use localhost or set CLOISTER_PUBLIC_HOST.",
        )
    origin = headers.get("origin")
    own = {f"http://{host}", f"https://{host}"}
    is_foreign = (origin and origin not in own) or headers.get("sec-fetch-site") == "cross-site"
    if method not in _SAFE_METHODS and is_foreign:
        return recorded_problem(
            "origin_not_allowed", "Pages of other sites may not change anything here."
        )
    return None


def _is_ours(host: str, public_host: str) -> bool:
    if _LOOPBACK.fullmatch(host):
        return True
    return bool(public_host) and _PORT.sub("", host).lower() == public_host
