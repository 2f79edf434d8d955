"""``cloister llm ...``."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Run what writes answers.", no_args_is_help=True)


@app.command("scripted")
def scripted(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    tokens_per_second: Annotated[float, typer.Option(help="How fast it writes.", min=0.1)] = 40.0,
) -> None:
    """Serve a stand-in for a model, which quotes the best passage: for trying and developing."""
    # Imported here, so that help is there at once.
    from serve.inference.scripted.foreground import serve_until_stopped

    serve_until_stopped(port, tokens_per_second, _announce)


def _announce(url: str) -> None:
    typer.echo(f"The scripted model listens on {url}")
    typer.echo(f"Use it:   CLOISTER_LLM_URL={url} cloister serve")
    typer.echo("Stop it with Ctrl-C.")
