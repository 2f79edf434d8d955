"""What the API lists, as columns, and one of it by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from serve.commands.invocation import invocation_of, print_columns, print_json

if TYPE_CHECKING:
    from serve.client import Client

Item = dict[str, Any]
Columns = Mapping[str, Callable[[Item], object]]


def print_list(context: typer.Context, path: str, columns: Columns, *, as_json: bool) -> None:
    """All that is listed at a path: as JSON, or in columns by their heads."""
    with invocation_of(context).connected() as client:
        found = client.get(path)
    if as_json:
        print_json(found)
        return
    rows = [[str(of(each)) for of in columns.values()] for each in found["items"]]
    print_columns(list(columns), rows)


def item_named(
    client: Client, path: str, name: str, fold: Callable[[str], str] = str
) -> Item | None:
    """What is listed at a path under a name, if it is; names are the same if they fold alike."""
    items: list[Item] = client.get(path)["items"]
    return next((each for each in items if fold(each["name"]) == fold(name)), None)
