"""``cloister groups``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.errors import NotFound
from serve.commands.invocation import JsonOption, invocation_of, print_columns, print_json
from serve.commands.listing import Columns, Item, item_named, print_list
from serve.commands.people import person_named

if TYPE_CHECKING:
    from serve.client import Client

_PATH = "/api/v1/groups"

NameArgument = Annotated[str, typer.Argument(help="Name of the group.")]
PeopleOption = Annotated[
    list[str] | None, typer.Option(help="Name of a person; may be given again.")
]

app = typer.Typer(help="Make, list, fill and delete groups of people.", no_args_is_help=True)


@app.command("list")
def list_all(context: typer.Context, as_json: JsonOption = False) -> None:
    """List all groups."""
    columns: Columns = {
        "ID": itemgetter("id"),
        "PEOPLE": itemgetter("member_count"),
        "FILLED BY": lambda group: "provider" if group["from_oidc"] else "hand",
        "NAME": itemgetter("name"),
    }
    print_list(context, _PATH, columns, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    name: NameArgument,
    from_provider: Annotated[
        bool,
        typer.Option(
            "--from-provider", help="Filled by the sign-in provider's group of that name."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a group."""
    with invocation_of(context).connected(creates=True) as client:
        made = client.post(_PATH, {"name": name, "from_oidc": from_provider})
    if as_json:
        print_json(made)
    else:
        typer.echo(f"Group {made['name']!r} is made.")


@app.command()
def rm(
    context: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a group with what is granted to it; its people stay."""
    with invocation_of(context).connected() as client:
        group = group_named(client, name)
        if group["member_count"] and not yes:
            count = group["member_count"]
            typer.confirm(f"Delete {name!r}, which has {count} people?", abort=True, err=True)
        client.delete(f"{_PATH}/{group['id']}")
    if as_json:
        print_json({"deleted": group})
    else:
        typer.echo(f"Group {name!r} is deleted.")


@app.command()
def members(
    context: typer.Context,
    name: NameArgument,
    add: PeopleOption = None,
    remove: PeopleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is in a group, once people are added and removed."""
    with invocation_of(context).connected() as client:
        path = f"{_PATH}/{group_named(client, name)['id']}"
        if add or remove:
            # All names first, so that a wrong one changes nothing.
            joining = {person_named(client, each)["id"] for each in add or ()}
            leaving = {person_named(client, each)["id"] for each in remove or ()}
            inside = {each["id"] for each in client.get(path)["members"]}
            people = sorted((inside | joining) - leaving)
            found = client.put(f"{path}/members", {"people": people})
        else:
            found = client.get(path)
    if as_json:
        print_json(found)
        return
    print_columns(["ID", "NAME"], [[str(each["id"]), each["name"]] for each in found["members"]])


def group_named(client: Client, name: str) -> Item:
    """A group by its name.

    Raises:
        NotFound: There is none.
    """
    found = item_named(client, _PATH, name, str.casefold)
    if found is None:
        raise NotFound(f"No group named {name!r}.", advice="List them: cloister groups list")
    return found
