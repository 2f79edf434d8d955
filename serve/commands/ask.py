"""``cloister ask``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.invocation import (
    NOTHING_FOUND,
    CollectionsOption,
    JsonOption,
    invocation_of,
    print_json,
)
from serve.commands.passages import phrase, quoted

if TYPE_CHECKING:
    from serve.client import Client

_CHAT = "/api/v1/chat"
_NEAREST = 3


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")],
    collection: CollectionsOption = None,
    k: Annotated[int, typer.Option("-k", help="How many passages to use.", min=1, max=100)] = 8,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the documents, with sources."""
    body = {"question": question, "collections": collection or [], "k": k}
    with invocation_of(context).connected() as client:
        if as_json:
            answer = client.post(_CHAT, body, {"stream": "false"})
            print_json(answer)
            abstained = answer["abstained"]
        else:
            abstained = _streamed(client, body)
    if abstained:
        raise typer.Exit(NOTHING_FOUND)


def _streamed(client: Client, body: dict[str, Any]) -> bool:
    """Print an answer as it comes; whether it is that the documents do not hold it."""
    language, abstained = "en", False
    hits: list[dict[str, Any]] = []
    citations: list[dict[str, Any]] = []
    for event in client.events(_CHAT, body):
        match event["type"]:
            case "retrieved":
                language, hits = event["language"], event["hits"]
            case "text":
                typer.echo(event["delta"], nl=False)
            case "cited":
                citations.append(event["citation"])
            case "failed":
                typer.echo()
                typer.secho(event["error"]["detail"], fg=typer.colors.RED, err=True)
                raise typer.Exit(1)
            case "done":
                abstained = event["abstained"]
    typer.echo()
    _list_sources(citations, language)
    if abstained and hits:
        _list_nearest(hits, language)
    return abstained


def _list_sources(citations: list[dict[str, Any]], language: str) -> None:
    if citations:
        typer.echo("\n" + phrase("sources", language))
    for citation in citations:
        typer.echo(f"[{citation['n']}] {quoted(citation, language)}")


def _list_nearest(hits: list[dict[str, Any]], language: str) -> None:
    typer.echo("\n" + phrase("nearest", language))
    for hit in hits[:_NEAREST]:
        typer.echo(f"- {quoted(hit, language)}")
