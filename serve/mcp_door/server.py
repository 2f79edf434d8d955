"""The tools behind the official SDK; imported late, for it takes a second to load."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from mcp import MCPError
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolOut
from starlette.requests import Request

from retrieval.errors import CloisterError
from serve.mcp_door.api import Api, api_within
from serve.mcp_door.tools import TOOLS, Tool, message_of

log = logging.getLogger(__name__)

_INSTRUCTIONS = (
    "Answers and passages from an organisation's own documents. Use `ask` for an answer with "
    "checked quotes, `search` and `fetch` to read for yourself. Name the documents that you use."
)

_Context = ServerRequestContext[Any, Any]
_Way = Callable[[_Context], AbstractAsyncContextManager[httpx.AsyncClient]]
"""From a call to a client of the API that has its caller's rights."""


def http_sessions(version: str) -> StreamableHTTPSessionManager:
    """The tools over HTTP; each request stands alone, with the rights of its own sender."""
    # The gate has looked at Host and Origin already.
    server = _server(version, _way_in)
    return StreamableHTTPSessionManager(server, stateless=True)


def _way_in(context: _Context) -> httpx.AsyncClient:
    request: Request | None = context.request
    assert request is not None
    return api_within(request)


async def serve_on_stdio(version: str, http: httpx.AsyncClient) -> None:
    """The tools over stdin and stdout, until stdin ends."""
    async with http:
        server = _server(version, lambda _: _Borrowed(http))
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


class _Borrowed(AbstractAsyncContextManager[httpx.AsyncClient]):
    """A client that stays open for the calls after this one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def __aenter__(self) -> httpx.AsyncClient:
        return self._http

    async def __aexit__(self, *_: object) -> None:
        """Nothing."""


def _server(version: str, way: _Way) -> Server[Any]:
    tools = {tool.name: tool for tool in TOOLS}
    listed = ListToolsResult(tools=[_tool_out(tool) for tool in TOOLS])

    async def list_tools(_: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
        tool = tools.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no such tool; there are {', '.join(tools)}.")
        async with way(context) as http:
            return await _called(tool, Api(http), params.arguments or {})

    return Server(
        "cloister",
        version=version,
        title="Cloister",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda name: (
            tools[name].arguments.model_json_schema() if name in tools else None
        ),
    )


async def _called(tool: Tool, api: Api, given: dict[str, Any]) -> CallToolResult:
    try:
        result = await tool.called(api, given)
    except CloisterError as error:
        return _failed(message_of(error))
    except Exception:
        log.exception("the tool %s failed", tool.name)
        return _failed("Something went wrong in the server.")
    return CallToolResult(
        content=[TextContent(text=result.model_dump_json())],
        structured_content=result.model_dump(mode="json"),
    )


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)


def _tool_out(tool: Tool) -> ToolOut:
    return ToolOut(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=tool.result.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )
