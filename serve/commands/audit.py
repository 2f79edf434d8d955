"""``cloister audit``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from serve.commands.invocation import JsonOption, invocation_of, print_columns, print_json

_PATH = "/api/v1/audit"
_BROKEN = 1

_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]

SinceOption = Annotated[
    datetime | None, typer.Option(formats=_DATES, help="From this day or moment on (UTC).")
]
UntilOption = Annotated[
    datetime | None, typer.Option(formats=_DATES, help="Before this day or moment (UTC).")
]
ActorOption = Annotated[str, typer.Option(help="Only what this person or operator did.")]
ActOption = Annotated[
    str, typer.Option(help="Only this act, as document.opened, or grant.* for all that begin so.")
]

app = typer.Typer(help="Who did what: list, export and verify the audit log.", no_args_is_help=True)


@app.command("list")
def list_all(
    context: typer.Context,
    since: SinceOption = None,
    until: UntilOption = None,
    actor: ActorOption = "",
    act: ActOption = "",
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1_000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the latest records, the newest first."""
    wanted = _wanted(since, until, actor, act)
    with invocation_of(context).connected() as client:
        found = client.get(_PATH, {**wanted, "limit": limit})
    if as_json:
        print_json(found)
        return
    rows = [
        [str(each["seq"]), each["at"][:19] + "Z", each["actor"], each["act"], _what(each)]
        for each in found["items"]
    ]
    print_columns(["SEQ", "AT", "ACTOR", "ACT", "WHAT"], rows)


def _what(record: dict[str, Any]) -> str:
    details = " ".join(f"{name}={_short(value)}" for name, value in record["details"].items())
    return " ".join(part for part in (record["subject"], details) if part)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    return str(value).lower() if isinstance(value, bool | None) else str(value)


@app.command()
def export(
    context: typer.Context,
    since: SinceOption = None,
    until: UntilOption = None,
    actor: ActorOption = "",
    act: ActOption = "",
    out: Annotated[Path | None, typer.Option(help="File to write; else stdout.")] = None,
) -> None:
    """Print records as JSON lines, the oldest first."""
    wanted = _wanted(since, until, actor, act)
    with invocation_of(context).connected() as client:
        lines = client.text(f"{_PATH}/export", wanted)
    if out is None:
        typer.echo(lines, nl=False)
    else:
        out.write_text(lines, encoding="utf-8")


@app.command()
def verify(
    context: typer.Context,
    head: Annotated[
        str, typer.Option(help="SEQ:HASH of an earlier verification, kept elsewhere.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Check that no record was changed, removed, added or put elsewhere."""
    with invocation_of(context).connected() as client:
        found = client.get(f"{_PATH}/verify", {"head": head})
    if as_json:
        print_json(found)
    else:
        _print_verdict(found)
    if not found["whole"]:
        raise typer.Exit(_BROKEN)


def _print_verdict(found: dict[str, Any]) -> None:
    head = found["head"]
    if not found["whole"]:
        typer.secho(
            f"broken at record {found['broken_at']}: {found['reason']}",
            fg=typer.colors.RED,
            err=True,
        )
        typer.echo(f"The {found['records']} records before it are whole.", err=True)
        return
    typer.echo(f"whole: {found['records']} records")
    if head:
        typer.echo(f"head {head['seq']}:{head['hash']}")
        typer.echo("Keep the head elsewhere; --head checks that the log still holds it.", err=True)


def _wanted(since: datetime | None, until: datetime | None, actor: str, act: str) -> dict[str, str]:
    wanted = {"actor": actor, "act": act}
    for name, moment in (("since", since), ("until", until)):
        if moment:
            wanted[name] = moment.replace(tzinfo=UTC).isoformat()
    return wanted
