"""``cloister people quota`` and ``cloister collections quota``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.invocation import print_columns, print_json
from serve.errors import InvalidRequest
from serve.settings import bytes_of

if TYPE_CHECKING:
    from serve.client import Client

BytesOption = Annotated[
    str | None,
    typer.Option("--bytes", help='Most bytes, such as 5GiB; "default" for as the settings say.'),
]
DocumentsOption = Annotated[
    str | None,
    typer.Option("--documents", help='Most documents; "default" for as the settings say.'),
]


def changed_quota(
    client: Client, path: str, size: str | None, documents: str | None
) -> dict[str, Any]:
    """The quota at a path, once it is what was asked for; what was not named stays."""
    found: dict[str, Any] = client.get(path)
    if size is None and documents is None:
        return found
    body = {
        "bytes": found["set_bytes"] if size is None else _number(size),
        "documents": found["set_documents"] if documents is None else _number(documents),
    }
    changed: dict[str, Any] = client.put(path, body)
    return changed


def print_quota(quota: dict[str, Any], as_json: bool) -> None:
    """Print a quota and how much of it is used."""
    if as_json:
        print_json(quota)
        return
    rows = [
        [name, str(quota[f"used_{name}"]), _shown(quota[name]), _shown(quota[f"set_{name}"])]
        for name in ("bytes", "documents")
    ]
    print_columns(["OF", "USED", "QUOTA", "SET"], rows)


def _shown(number: int | None) -> str:
    return "-" if number is None else str(number)


def _number(text: str) -> int | None:
    if text == "default":
        return None
    try:
        return bytes_of(text)
    except ValueError as error:
        raise InvalidRequest(f"{text!r} is not {error}.") from None
