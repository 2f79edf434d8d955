"""What all commands share: the options before the command, and the way to the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.errors import Refused
from serve.settings import Settings, load_settings, quiet_libraries

if TYPE_CHECKING:
    from serve.client import Client

NOTHING_FOUND = 3

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CollectionsOption = Annotated[
    list[str] | None,
    typer.Option("--collection", "-c", help="Only this collection; may be given again."),
]


class NoServerWanted(Refused):
    """The command uses the data folder itself, and was pointed to a server."""

    code = "no_server_wanted"


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

    def folder_settings(self, command: str) -> Settings:
        """The settings for a command that uses the data folder itself.

        Raises:
            NoServerWanted: A server was named.
            NothingHere: The data folder was never used.
        """
        from serve.client import NothingHere
        from serve.data_folder import DataFolder

        settings = self.settings()
        if settings.server:
            raise NoServerWanted(
                f"{command} uses a data folder and does not ask the server {settings.server}.",
                advice="Stop the server, and name its data folder: CLOISTER_DATA or --data.",
            )
        if not settings.database_url and not DataFolder(settings.data).exists():
            raise NothingHere(
                f"There is no data in {str(settings.data)!r} yet.",
                advice="Take documents in: cloister ingest PATH, or name another folder: "
                "CLOISTER_DATA",
            )
        return settings

    @contextmanager
    def connected(
        self, *, creates: bool = False, ingests: bool = False, forgets: bool = False
    ) -> Iterator[Client]:
        """A client of the server that this command is for."""
        # Imported here, so that help is there at once.
        from serve.client import connect

        settings = self.settings()
        with connect(settings, creates=creates, ingests=ingests, forgets=forgets) as client:
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
