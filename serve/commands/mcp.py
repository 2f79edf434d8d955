"""``cloister mcp``."""

from __future__ import annotations

import typer

from serve.commands.invocation import invocation_of


def mcp(context: typer.Context) -> None:
    """Let an assistant that speaks MCP use the documents, over stdin and stdout."""
    with invocation_of(context).connected() as client:
        # Imported here, so that help is there at once.
        import anyio

        from serve.mcp_door.server import serve_on_stdio
        from serve.version import program_version

        anyio.run(serve_on_stdio, program_version(), client.asynchronous())
