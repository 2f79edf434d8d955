"""``cloister keys``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Annotated

import typer

from serve.caller import Permission
from serve.commands.invocation import JsonOption, invocation_of, print_json
from serve.commands.listing import Columns, print_list

_PATH = "/api/v1/keys"

app = typer.Typer(help="Make, list and delete API keys.", no_args_is_help=True)


@app.command("list")
def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List one's own keys; beside the data folder, those of all people."""
    columns: Columns = {
        "ID": itemgetter("id"),
        "PERSON": itemgetter("person_id"),
        "KEY": lambda key: "..." + key["ending"],
        "EXPIRES": lambda key: (key["expires_at"] or "never")[:10],
        "USED": lambda key: (key["used_at"] or "never")[:10],
        "FOR": lambda key: ",".join(key["permissions"]),
        "NAME": itemgetter("name"),
    }
    print_list(context, _PATH, columns, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for, in words.")],
    person: Annotated[
        str | None, typer.Option(help="Whose key; needed beside the data folder.")
    ] = None,
    permission: Annotated[
        list[Permission] | None,
        typer.Option("--for", help="What it may be used for; may be given again."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Days that it holds.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once."""
    wanted = permission or [Permission.SEARCH, Permission.ASK]
    body = {"name": name, "permissions": [each.value for each in wanted], "person": person}
    if days is not None:
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    with invocation_of(context).connected() as client:
        made = client.post(_PATH, body)
    if as_json:
        print_json(made)
    else:
        typer.echo(made["key"])
        typer.echo("Keep it now: it is not shown again.", err=True)


@app.command()
def rm(
    context: typer.Context, key_id: Annotated[int, typer.Argument(help="Its id, as listed.")]
) -> None:
    """Delete a key, which ends at once, as do those that were made with it."""
    with invocation_of(context).connected() as client:
        client.delete(f"{_PATH}/{key_id}")
    typer.echo(f"Key {key_id} is deleted.")
