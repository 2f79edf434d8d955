"""``cloister people``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.errors import NotFound
from serve.commands.invocation import JsonOption, invocation_of, print_json
from serve.commands.listing import Columns, Item, item_named, print_list
from serve.commands.quota import BytesOption, DocumentsOption, changed_quota, print_quota

if TYPE_CHECKING:
    from serve.client import Client

_PATH = "/api/v1/people"

NameArgument = Annotated[str, typer.Argument(help="Name of the person.")]

app = typer.Typer(help="Invite, list, suspend and delete people.", no_args_is_help=True)


@app.command("list")
def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List all people."""
    columns: Columns = {"ID": itemgetter("id"), "STATE": _state, "NAME": itemgetter("name")}
    print_list(context, _PATH, columns, as_json=as_json)


def _state(person: dict[str, Any]) -> str:
    if person["suspended"]:
        return "suspended"
    if not person["has_password"] and not person["has_identity"]:
        return "invited"
    return "administrator" if person["is_administrator"] else "active"


@app.command()
def add(
    context: typer.Context,
    name: NameArgument,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May manage people and collections.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a person, and print the link to hand over."""
    body = {"name": name, "is_administrator": administrator}
    with invocation_of(context).connected(creates=True) as client:
        _print_link(client.post(_PATH, body), as_json)


@app.command()
def link(context: typer.Context, name: NameArgument, as_json: JsonOption = False) -> None:
    """Print a link by which a person chooses a new password."""
    with invocation_of(context).connected() as client:
        person = person_named(client, name)
        _print_link(client.post(f"{_PATH}/{person['id']}/link"), as_json)


def _print_link(invited: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(invited)
        return
    typer.echo(f"{invited['person']['name']} chooses a password, once, with this:")
    typer.echo(f"  cloister --server URL people enter {invited['token']}")


@app.command()
def enter(
    context: typer.Context,
    link: Annotated[str, typer.Argument(help="The link, or the token at its end.")],
    name: Annotated[
        str, typer.Option(help="Name of the first administrator; others have theirs.")
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            prompt="New password", hide_input=True, confirmation_prompt=True, show_default=False
        ),
    ] = "",
) -> None:
    """Choose a password by a link."""
    token = link.rpartition("#")[2]
    with invocation_of(context).connected() as client:
        shown = client.post("/api/v1/auth/links/show", {"token": token})
        if shown["name"] is None and not name:
            name = typer.prompt("Name of the first administrator", err=True)
        body = {"token": token, "password": password, "name": name or None}
        entered = client.post("/api/v1/auth/links", body)
    typer.echo(f"{entered['person']['name']} can sign in now.")


@app.command()
def suspend(context: typer.Context, name: NameArgument) -> None:
    """End every session and key of a person at once, until activated again."""
    _change(context, name, {"suspended": True})
    typer.echo(f"{name} is suspended.")


@app.command()
def activate(context: typer.Context, name: NameArgument) -> None:
    """Let a suspended person in again."""
    _change(context, name, {"suspended": False})
    typer.echo(f"{name} can sign in again.")


def _change(context: typer.Context, name: str, body: dict[str, bool]) -> None:
    with invocation_of(context).connected() as client:
        client.patch(f"{_PATH}/{person_named(client, name)['id']}", body)


@app.command()
def quota(
    context: typer.Context,
    name: NameArgument,
    size: BytesOption = None,
    documents: DocumentsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much a person keeps and may, or say how much."""
    with invocation_of(context).connected() as client:
        path = f"{_PATH}/{person_named(client, name)['id']}/quota"
        print_quota(changed_quota(client, path, size, documents), as_json)


@app.command()
def rm(
    context: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a person with keys, grants and conversations."""
    with invocation_of(context).connected() as client:
        person = person_named(client, name)
        if not yes:
            typer.confirm(f"Delete {name!r} with all conversations?", abort=True, err=True)
        client.delete(f"{_PATH}/{person['id']}")
    typer.echo(f"{name} is deleted.")


def person_named(client: Client, name: str) -> Item:
    """A person by name.

    Raises:
        NotFound: There is none.
    """
    found = item_named(client, _PATH, name, str.casefold)
    if found is None:
        raise NotFound(f"No person named {name!r}.", advice="List them: cloister people list")
    return found
