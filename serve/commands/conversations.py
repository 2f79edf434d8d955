"""``cloister conversations``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from serve.commands.invocation import JsonOption, invocation_of, print_columns, print_json

_PATH = "/api/v1/conversations"

app = typer.Typer(help="List, export and delete conversations.", no_args_is_help=True)

IdArgument = Annotated[int, typer.Argument(help="Its id.", min=1)]


@app.command("list")
def list_some(
    context: typer.Context,
    find: Annotated[str, typer.Option("--find", help="Only those with all these words.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: JsonOption = False,
) -> None:
    """List conversations, the one last changed first."""
    with invocation_of(context).connected() as client:
        found = list(islice(client.every(_PATH, {"q": find}), limit))
    if as_json:
        print_json({"items": found})
        return
    rows = [[str(each["id"]), each["updated_at"][:16], each["title"]] for each in found]
    print_columns(["ID", "CHANGED (UTC)", "TITLE"], rows)


@app.command()
def export(
    context: typer.Context,
    conversation_id: IdArgument,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file, not to stdout.", dir_okay=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a conversation as Markdown; as JSON with all its branches."""
    form = "json" if as_json else "md"
    with invocation_of(context).connected() as client:
        text = client.text(f"{_PATH}/{conversation_id}/export", {"format": form})
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8", newline="\n")


@app.command()
def rm(
    context: typer.Context,
    conversation_id: IdArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a conversation with everything in it."""
    with invocation_of(context).connected() as client:
        conversation = client.get(f"{_PATH}/{conversation_id}")
        if not yes:
            typer.confirm(f"Delete {conversation['title']!r}?", abort=True, err=True)
        client.delete(f"{_PATH}/{conversation_id}")
    if as_json:
        print_json({"deleted": conversation})
    else:
        typer.echo(f"Conversation {conversation_id} is deleted.")
