"""``cloister collections``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.errors import NotFound
from serve.commands.invocation import JsonOption, invocation_of, print_columns, print_json
from serve.commands.listing import Columns, Item, item_named, print_list
from serve.commands.quota import BytesOption, DocumentsOption, changed_quota, print_quota

if TYPE_CHECKING:
    from serve.client import Client

_PATH = "/api/v1/collections"

app = typer.Typer(help="List, make and delete collections.", no_args_is_help=True)


@app.command("list")
def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List all collections."""
    columns: Columns = {
        "ID": itemgetter("id"),
        "DOCUMENTS": itemgetter("document_count"),
        "NAME": itemgetter("name"),
    }
    print_list(context, _PATH, columns, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    as_json: JsonOption = False,
) -> None:
    """Make a collection."""
    with invocation_of(context).connected(creates=True) as client:
        made = client.post(_PATH, {"name": name})
    if as_json:
        print_json(made)
    else:
        typer.echo(f"Collection {made['name']!r} is made.")


@app.command()
def rm(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a collection with all its documents."""
    with invocation_of(context).connected(forgets=True) as client:
        collection = collection_named(client, name)
        count = collection["document_count"]
        if count and not yes:
            typer.confirm(f"Delete {name!r} with its {count} documents?", abort=True, err=True)
        client.delete(f"{_PATH}/{collection['id']}")
    if as_json:
        print_json({"deleted": collection})
    else:
        typer.echo(f"Collection {name!r} is deleted.")


@app.command()
def grant(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    role: Annotated[str, typer.Argument(help="reader, writer, manager, or none.")],
    person: Annotated[str | None, typer.Option(help="Name of a person.")] = None,
    group: Annotated[str | None, typer.Option(help="Name of a group.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a person or a group may do in a collection."""
    with invocation_of(context).connected() as client:
        path = f"{_PATH}/{collection_named(client, name)['id']}/grants"
        if role == "none":
            client.delete(path, _held(client.get(path), person, group))
        else:
            client.put(path, {"person": person, "group": group, "role": role})
        found = client.get(path)
    if as_json:
        print_json(found)
        return
    rows = [
        [each["role"], "person" if each["person_id"] else "group", each["name"]]
        for each in found["items"]
    ]
    print_columns(["ROLE", "OF", "NAME"], rows)


@app.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    person: Annotated[str | None, typer.Option(help="Name of a person.")] = None,
    group: Annotated[str | None, typer.Option(help="Name of a group.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take back whatever a person or a group may do in a collection."""
    grant(context, name, "none", person, group, as_json)


@app.command()
def model(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    wanted: Annotated[
        str, typer.Argument(metavar="MODEL", help='A model of the LLM server; "" for its first.')
    ],
    as_json: JsonOption = False,
) -> None:
    """Say which model answers questions about a collection."""
    with invocation_of(context).connected() as client:
        path = f"{_PATH}/{collection_named(client, name)['id']}"
        changed = client.patch(path, {"model": wanted})
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"Collection {name!r}: {changed['model'] or 'the default model'}.")


@app.command()
def quota(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    size: BytesOption = None,
    documents: DocumentsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how much a collection holds and may, or say how much."""
    with invocation_of(context).connected() as client:
        path = f"{_PATH}/{collection_named(client, name)['id']}/quota"
        print_quota(changed_quota(client, path, size, documents), as_json)


def _held(grants: dict[str, Any], person: str | None, group: str | None) -> dict[str, int]:
    """The grant of a person or a group, as a query."""
    kind, wanted = ("person_id", person) if person else ("group_id", group)
    for each in grants["items"]:
        if each[kind] and wanted and each["name"].casefold() == wanted.casefold():
            return {kind: each[kind]}
    raise NotFound(f"Nothing is granted to {wanted!r}.")


def collection_named(client: Client, name: str) -> Item:
    """A collection by its name.

    Raises:
        NotFound: There is none.
    """
    found = item_named(client, _PATH, name)
    if found is None:
        raise NotFound(
            f"No collection named {name!r}.", advice="List them: cloister collections list"
        )
    return found
