"""The server by itself, in the foreground."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from serve.errors import BindRefused
from serve.scripted.replies import Reply, quoting
from serve.scripted.server import ScriptedServer


def serve_until_stopped(
    port: int, tokens_per_second: float, announce: Callable[[str], None]
) -> None:
    """Serve on loopback until interrupted; ``announce`` is told the address.

    Raises:
        BindRefused: The port is taken.
    """

    def paced(body: dict[str, Any]) -> Reply:
        return replace(quoting(body), token_seconds=1 / tokens_per_second)

    asyncio.run(_serve(ScriptedServer(paced, port=port), announce))


async def _serve(server: ScriptedServer, announce: Callable[[str], None]) -> None:
    try:
        await server.start()
    except OSError:
        raise BindRefused(f"Port {server.port} is taken.", advice="Give another --port.") from None
    announce(server.url)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
