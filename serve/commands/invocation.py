"""What all commands share: the options before the command, and the way to the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.settings import Settings, load_settings, quiet_libraries

if TYPE_CHECKING:
    from serve.client import Client

NOTHING_FOUND = 3

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CollectionsOption = Annotated[
    list[str] | None,
    typer.Option("--collection", "-c", help="Only this collection; may be given again."),
]


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that come before the command."""

    server: str | None = None
    data: Path | None = None

    def settings(self, **overrides: Any) -> Settings:
        """The settings of the environment and the options."""
        settings = load_settings(server=self.server, data=self.data, **overrides)
        quiet_libraries(settings)
        return settings

    @contextmanager
    def connected(self, *, creates: bool = False, ingests: bool = False) -> Iterator[Client]:
        """A client of the server that this command is for."""
        # Imported here, so that help is there at once.
        from serve.client import connect

        with connect(self.settings(), creates=creates, ingests=ingests) as client:
            yield client


def invocation_of(context: typer.Context) -> Invocation:
    """The options before the command."""
    invocation: Invocation = context.find_object(Invocation) or Invocation()
    return invocation


def print_json(value: Any) -> None:
    """A value as JSON on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_columns(heads: list[str], rows: list[list[str]]) -> None:
    """Rows under their heads; the last column is as wide as it likes."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())
