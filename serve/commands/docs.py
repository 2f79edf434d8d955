"""``cloister docs``."""

from __future__ import annotations

from typing import Annotated

import typer

from serve.commands.following import Outcome, follow, is_any_failed, print_outcomes
from serve.commands.invocation import (
    NOTHING_FOUND,
    JsonOption,
    invocation_of,
    print_columns,
    print_json,
)

_PATH = "/api/v1/documents"

app = typer.Typer(help="List, show, delete and retry documents.", no_args_is_help=True)

Ids = Annotated[list[int], typer.Argument(help="Ids of documents.", min=1)]


@app.command("list")
def list_some(
    context: typer.Context,
    collection: Annotated[str, typer.Option("--collection", "-c", help="Only this one.")] = "",
    state: Annotated[str, typer.Option(help="queued, parsing, embedding, ready or failed.")] = "",
    name: Annotated[str, typer.Option(help="Only names that contain this.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List documents."""
    given = {"collection": collection, "state": state, "q": name}
    params = {key: value for key, value in given.items() if value} | {"limit": "1000"}
    with invocation_of(context).connected() as client:
        found = list(client.every(_PATH, params))
    if as_json:
        print_json({"items": found})
    elif found:
        rows = [
            [
                str(d["id"]),
                d["state"],
                str(d["page_count"]),
                str(d["chunk_count"]),
                str(d["flag_count"] or ""),
                d["name"],
            ]
            for d in found
        ]
        print_columns(["ID", "STATE", "PAGES", "CHUNKS", "FLAGS", "NAME"], rows)
    if not found:
        typer.echo("No documents.", err=True)
        raise typer.Exit(NOTHING_FOUND)


@app.command()
def show(
    context: typer.Context,
    document_id: Annotated[int, typer.Argument(help="Its id.", min=1)],
    as_json: JsonOption = False,
) -> None:
    """Show all about a document."""
    with invocation_of(context).connected() as client:
        document = client.get(f"{_PATH}/{document_id}")
    if as_json:
        print_json(document)
        return
    error = document.pop("error")
    flags = document.pop("flags")
    for key, value in document.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")
    if error:
        typer.echo(f"error: {error['code']}: {error['detail']}")
    for flag in flags:
        # Control characters of a document are not for the terminal.
        typer.echo(f"flag: {flag['code']} on page {flag['page']}: {flag['text']!r}")


@app.command()
def rm(context: typer.Context, ids: Ids, as_json: JsonOption = False) -> None:
    """Delete documents, from the very next search on."""
    with invocation_of(context).connected(forgets=True) as client:
        for document_id in ids:
            client.delete(f"{_PATH}/{document_id}")
            if not as_json:
                typer.echo(f"Document {document_id} is deleted.")
    if as_json:
        print_json({"deleted": ids})


@app.command()
def restrict(
    context: typer.Context,
    ids: Ids,
    person: Annotated[
        list[str] | None, typer.Option(help="A person who may read; may be given again.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group that may read; may be given again.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Open it again to all who see the collection.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Let only these people and groups, and the collection's managers, read documents."""
    readers = [{"person": each} for each in person or ()] + [
        {"group": each} for each in group or ()
    ]
    if bool(readers) == everybody:
        raise typer.BadParameter("Name who may read, or give --everybody.")
    body = {"readers": None if everybody else readers}
    with invocation_of(context).connected() as client:
        found = [{"id": each, **client.put(f"{_PATH}/{each}/readers", body)} for each in ids]
    if as_json:
        print_json({"items": found})
        return
    for each in found:
        names = "all who see its collection"
        if each["readers"] is not None:
            names = ", ".join(reader["name"] for reader in each["readers"])
        typer.echo(f"Document {each['id']} is read by {names}.")


@app.command()
def retry(
    context: typer.Context,
    ids: Ids,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until it is searchable.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Try failed documents again."""
    with invocation_of(context).connected(ingests=True) as client:
        jobs = [client.post(f"{_PATH}/{document_id}/retry") for document_id in ids]
        outcomes = [Outcome.of_job(job) for job in jobs]
        if wait:
            outcomes = follow(client, outcomes, as_json=as_json)
    print_outcomes(outcomes, as_json=as_json)
    if is_any_failed(outcomes):
        raise typer.Exit(1)
