"""``cloister serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from retrieval.logs import write_logs
from serve.commands.invocation import invocation_of


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    socket: Annotated[
        str | None, typer.Option(help="UNIX socket to listen on instead.", metavar="PATH")
    ] = None,
) -> None:
    """Answer over HTTP, and take documents in, until stopped."""
    settings = invocation_of(context).settings(host=host, port=port, socket=socket)
    write_logs(settings.log_level, settings.log_format)
    # Imported here, so that help is there at once.
    from serve.server import serve_forever

    serve_forever(settings, _announce)


def _announce(url: str, first_link: str | None) -> None:
    typer.echo(f"Cloister listens on {url.removeprefix('http+')}")
    if first_link:
        typer.echo("Nobody can sign in yet. A link for the first administrator, good for once:")
        typer.echo(f"  {first_link}")
        typer.echo("Open it in a browser; without one:  cloister people enter LINK")
    typer.echo("Take documents in:  cloister ingest PATH")
    typer.echo('Ask them:           cloister ask "your question"')
    typer.echo("Stop it with Ctrl-C.")
