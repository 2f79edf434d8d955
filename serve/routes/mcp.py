"""MCP over streamable HTTP: the tools of other assistants."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from serve.errors import InvalidRequest
from serve.mcp_door.door import McpDoor
from serve.problems import MEDIA_TYPE
from serve.request_turns import leave_turn
from serve.routes.parts import CallerPart

router = APIRouter(tags=["mcp"])

_MESSAGE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "A JSON-RPC message of MCP."},
                "example": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
            }
        },
    }
}
_REFUSED = {
    "description": "No message of MCP, or one that cannot be carried out.",
    "content": {
        "application/json": {},
        MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
    },
}
_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A JSON-RPC response, alone or as the last event of a stream.",
        "content": {"application/json": {}, "text/event-stream": {}},
    },
    202: {"description": "A notification was taken."},
    400: _REFUSED,
    404: _REFUSED,
    406: _REFUSED,
}


@router.post("/mcp", response_class=Response, openapi_extra=_MESSAGE, responses=_REPLIES)
async def mcp(request: Request, caller: CallerPart) -> Response:
    """Speak MCP: the tools search, fetch and ask."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise InvalidRequest("Send a JSON-RPC message as application/json.")
    # So that a stranger does not get in; each tool asks the API in its caller's name again.
    return _Handed(request.app.state.mcp)


class _Handed(Response):
    """What the door answers, in the place of a response of ours."""

    def __init__(self, door: McpDoor) -> None:
        super().__init__()
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the door answer."""
        # What the tools ask for takes turns of its own.
        leave_turn()
        await self._door.handle(scope, receive, send)
