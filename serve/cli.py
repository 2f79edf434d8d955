"""``cloister ...``: every command is a client of the API.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 nothing found or not in the documents, 4 no server.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from retrieval.errors import CloisterError
from retrieval.logs import write_logs
from serve.commands import (
    ask,
    audit,
    collections,
    conversations,
    docs,
    doctor,
    groups,
    ingest,
    keys,
    llm,
    mcp,
    models,
    people,
    reembed,
    search,
    serve,
    status,
)
from serve.commands import eval as evaluation
from serve.commands.invocation import Invocation
from serve.errors import BindRefused, InvalidSetting, ServerUnreachable

_ERROR, _USAGE, _UNREACHABLE, _INTERRUPTED = 1, 2, 4, 130

app = typer.Typer(
    name="cloister",
    help="Answers from your own documents, with citations that can be checked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("ingest")(ingest.ingest)
app.command("ask")(ask.ask)
app.command("search")(search.search)
app.add_typer(docs.app, name="docs")
app.add_typer(collections.app, name="collections")
app.add_typer(conversations.app, name="conversations")
app.command("mcp")(mcp.mcp)
app.add_typer(people.app, name="people")
app.add_typer(groups.app, name="groups")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.command("reembed")(reembed.reembed)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.add_typer(evaluation.app, name="eval")
app.add_typer(llm.app, name="llm")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"cloister {version('cloister')}")
        except PackageNotFoundError:
            typer.echo("cloister (not installed)")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    server: Annotated[
        str | None, typer.Option(help="Address of the server to use.", metavar="URL")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of all data.")] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    context.obj = Invocation(server=server, data=data)


def main() -> None:
    """Run a command, and end the process with its exit code."""
    write_logs("warning")
    try:
        app()
    except CloisterError as error:
        typer.secho(error.message, fg=typer.colors.RED, err=True)
        if error.advice:
            typer.echo(error.advice, err=True)
        sys.exit(_exit_code(error))
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        sys.exit(_INTERRUPTED)


def _exit_code(error: CloisterError) -> int:
    if isinstance(error, ServerUnreachable):
        return _UNREACHABLE
    return _USAGE if isinstance(error, BindRefused | InvalidSetting) else _ERROR
