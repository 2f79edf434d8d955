"""``cloister search``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from serve.commands.invocation import (
    NOTHING_FOUND,
    CollectionsOption,
    JsonOption,
    invocation_of,
    print_json,
)
from serve.commands.passages import place, shortened


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Words to search for.")],
    collection: CollectionsOption = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1, max=100)] = 8,
    as_json: JsonOption = False,
) -> None:
    """Show the passages that fit best."""
    with invocation_of(context).connected() as client:
        body = {"query": query, "collections": collection or [], "k": k}
        found = client.post("/api/v1/search", body)
    if as_json:
        print_json(found)
    else:
        for n, hit in enumerate(found["items"], start=1):
            _show(n, hit)
    if not found["items"]:
        typer.echo("Nothing found.", err=True)
        raise typer.Exit(NOTHING_FOUND)


def _show(n: int, hit: dict[str, Any]) -> None:
    typer.secho(f"{n}. {place(hit)}", bold=True)
    ranks = [
        f"{name} #{hit[f'{key}_rank']}"
        for name, key in (("meaning", "dense"), ("words", "lexical"))
        if hit[f"{key}_rank"]
    ]
    typer.echo(f"   {hit['score']:.3f}  {', '.join(ranks)}")
    typer.echo(f"   {shortened(hit['quote'], 300)}\n")
