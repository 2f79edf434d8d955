"""The way of the tools to the API, with the rights of whoever calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from serve.errors import ServerUnreachable
from serve.gate import request_id_of
from serve.remote_problem import problem_in

_SECONDS = 600.0
_NOT_PASSED_ON = {
    "accept", "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding",
    "upgrade",
}  # fmt: skip

Json = Any
"""A decoded JSON value; the server's schemas say what is in it."""


class Api:
    """Requests to the API; every problem is raised."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str) -> Json:
        """What is at a path."""
        return (await self._sent("GET", path)).json()

    async def text(self, path: str) -> str:
        """The text at a path."""
        return (await self._sent("GET", path)).text

    async def post(self, path: str, body: Json, params: Mapping[str, str] | None = None) -> Json:
        """What comes of posting something."""
        return (await self._sent("POST", path, json=body, params=params)).json()

    async def _sent(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise ServerUnreachable("The server does not answer.") from error
        if response.is_error:
            raise problem_in(response)
        return response


def api_within(request: Request) -> httpx.AsyncClient:
    """A client of the app that serves a request, in the name of whoever sent it.

    What it sends passes everything that a request from outside passes, and comes from the same
    address with the same credentials.
    """
    outer = request.scope

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        same = {name: outer[name] for name in ("client", "server", "scheme") if name in outer}
        await outer["app"]({**scope, **same}, receive, send)

    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in _NOT_PASSED_ON and not name.startswith("mcp-")
    }
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url=f"http://{request.headers['host']}",
        headers=headers | {"X-Request-Id": request_id_of(request)},
        timeout=_SECONDS,
        trust_env=False,
    )
