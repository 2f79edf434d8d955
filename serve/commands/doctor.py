"""``cloister doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.commands.invocation import Invocation, JsonOption, invocation_of, print_json
from serve.commands.status import wait_until_ready
from serve.errors import ServerUnreachable
from serve.settings import switches

if TYPE_CHECKING:
    from serve.doctor.checks import Check

_MARKS = {"ok": "ok", "warning": "look", "failed": "BAD"}


def doctor(
    context: typer.Context,
    egress: Annotated[
        bool, typer.Option("--egress", help="Try to get out of here; it must not work.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """See whether the installation is sound; with --egress, whether it is shut."""
    invocation = invocation_of(context)
    if egress:
        _show_egress(invocation, as_json=as_json)
    else:
        _show_checks(invocation, as_json=as_json)


def _show_checks(invocation: Invocation, *, as_json: bool) -> None:
    checks = _checks(invocation)
    if as_json:
        print_json({"checks": [asdict(each) for each in checks]})
    else:
        for each in checks:
            typer.echo(f"{_MARKS[each.state]:<5} {each.name + ':':<14}{each.detail}")
    if any(each.state == "failed" for each in checks):
        raise typer.Exit(1)


def _checks(invocation: Invocation) -> list[Check]:
    settings = invocation.settings()
    with invocation.connected() as client:
        # Imported here, so that help is there at once.
        from serve.doctor.checks import machine_checks, server_checks

        wait_until_ready(client)
        checks = [] if settings.server else list(machine_checks(settings))
        return checks + list(server_checks(client.get("/api/v1/status")))


def _show_egress(invocation: Invocation, *, as_json: bool) -> None:
    from serve.doctor.egress import attempts
    from serve.doctor.sockets import open_sockets

    pid = _server_pid(invocation)
    tried = attempts()
    sockets = open_sockets(pid) if pid else []
    of_server = _switches_of_server(invocation) if pid else None
    told: dict[str, Any] = {
        "attempts": [asdict(each) for each in tried],
        "traces_go_to": invocation.settings().otel_endpoint,
        "switches": switches() if of_server is None else of_server,
        "switches_of": "this command" if of_server is None else "the server",
        "server": pid,
        "sockets": [asdict(each) for each in sockets],
    }
    if as_json:
        print_json(told)
    else:
        _print_egress(told)
    if any(each.got_out for each in tried):
        typer.echo("Something got out of here.", err=True)
        raise typer.Exit(1)


def _server_pid(invocation: Invocation) -> int | None:
    from serve.data_folder import DataFolder

    holder = DataFolder(invocation.settings().data).holder()
    return holder.pid if holder else None


def _switches_of_server(invocation: Invocation) -> dict[str, str] | None:
    """What the libraries of the running server are told; None where it cannot be asked from here.

    In a network namespace of its own, as a shut machine is tried, this command does not reach it.
    """
    try:
        with invocation.connected() as client:
            told: dict[str, str] = client.get("/api/v1/health/details")["egress"]["switches"]
            return told
    except ServerUnreachable:
        return None


def _print_egress(told: dict[str, Any]) -> None:
    typer.echo("Ways out, tried from here:")
    for each in told["attempts"]:
        mark = "OUT" if each["got_out"] else "shut"
        typer.echo(f"  {mark:<5} {each['way']}: {each['detail']}")
    typer.echo(f"Traces go to: {told['traces_go_to'] or 'nobody'}")
    typer.echo(f"Switches in force, of {told['switches_of']}:")
    for name, value in told["switches"].items():
        typer.echo(f"  {name}={value}")
    if told["server"] is None:
        typer.echo("No server runs over this data folder.")
        return
    typer.echo(f"Open sockets of the server, process {told['server']}, and what it started:")
    for each in told["sockets"]:
        where = f"{each['local']} -> {each['remote']}" if each["remote"] else each["local"]
        outside = "  OUTSIDE" if each["is_outside"] else ""
        typer.echo(f"  {each['pid']} {each['kind']} {where} {each['state']}{outside}")
