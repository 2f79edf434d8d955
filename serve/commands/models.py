"""``cloister models ...``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.invocation import JsonOption, print_json

if TYPE_CHECKING:
    from serve.inference.model_folder import ModelFolder

_PROBLEMS = 1

app = typer.Typer(help="Look at the folders of models.", no_args_is_help=True)


@app.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(help="The folder of a model.", exists=True, file_okay=False)
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Write SHA256SUMS, where the weights came from.")
    ] = False,
    hashes: Annotated[
        bool, typer.Option(help="Read every byte and compare it with SHA256SUMS.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Tell whether a folder holds a model that can be served, without loading it."""
    # Imported here, so that help is there at once.
    from serve.inference.checksums import write_sums
    from serve.inference.model_folder import verify as verified

    if write:
        write_sums(folder, _tell)
    found = verified(folder, hashes=hashes and not write, on_file=_tell)
    if as_json:
        print_json(_told(found))
    else:
        for each in found.findings:
            typer.echo(f"{each.level + ':':<9}{each.check}: {each.text}")
        typer.echo("It can be served." if found.ok else "It cannot be served as it is.")
    if not found.ok:
        raise typer.Exit(_PROBLEMS)


def _tell(name: str) -> None:
    typer.echo(f"Reading {name}", err=True)


def _told(found: ModelFolder) -> dict[str, Any]:
    return {
        "folder": str(found.path),
        "ok": found.ok,
        "architecture": found.architecture,
        "is_llama": found.is_llama,
        "context": found.context,
        "weight_bytes": found.weight_bytes,
        "quantized": found.quantized,
        "findings": [
            {"level": each.level, "check": each.check, "text": each.text} for each in found.findings
        ],
    }
