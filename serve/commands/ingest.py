"""``cloister ingest``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.invocation import JsonOption, invocation_of

if TYPE_CHECKING:
    from serve.client import Client
    from serve.commands.following import Follower, Outcome

_BATCH_FILES = 20
_BATCH_BYTES = 32 << 20
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be sent, by its absolute path; it is called by the last ``depth`` parts of that."""

    path: Path
    depth: int
    size: int

    @property
    def name(self) -> str:
        """What it is called, whatever the bytes of its name."""
        name = os.path.join(*self.path.parts[-self.depth :])
        return os.fsencode(name).decode("utf-8", "replace")

    def told_apart(self) -> _File:
        """The same with the name of one folder more, where there is one."""
        return replace(self, depth=min(self.depth + 1, len(self.path.parts) - 1))


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", exists=True)],
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="Into this collection.")
    ] = "default",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Until all are searchable.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Take documents in. What is here already is skipped, so running it again is safe."""
    from serve.commands.following import Follower, is_any_failed, print_outcomes
    from serve.commands.progress import Progress

    files = _named_apart(file for path in paths for file in _files_at(path))
    if not files:
        typer.echo("There are no files.", err=True)
        raise typer.Exit(1)
    with invocation_of(context).connected(ingests=True) as client:
        with Progress(len(files), as_json=as_json) as progress:
            follower = Follower(client, progress)
            try:
                _send(client, follower, files, collection)
                if wait:
                    follower.finish()
            except KeyboardInterrupt:
                _say_what_goes_on(follower, len(files), embedded=client.embedded)
                raise typer.Exit(_INTERRUPTED) from None
        if not wait and client.embedded:
            typer.echo("No server runs, so the rest is done at its next start.", err=True)
    outcomes = follower.leave()
    print_outcomes(outcomes, as_json=as_json)
    if is_any_failed(outcomes):
        raise typer.Exit(1)


def _files_at(path: Path) -> Iterator[_File]:
    """A file, or all files below a folder, in order and without hidden ones."""
    if path.is_file():
        yield _File(path.parent.resolve() / path.name, 1, path.stat().st_size)
        return
    path = path.resolve()
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if not name.startswith(".") and file.is_file():
                depth = len(file.relative_to(path).parts)
                yield _File(file, depth, file.stat().st_size)


def _named_apart(found: Iterable[_File]) -> list[_File]:
    """Each file once; those that would replace one another under one name have longer ones."""
    once = dict[Path, _File]()
    for file in found:
        once.setdefault(file.path, file)
    files = list(once.values())
    while True:
        named = Counter(file.name for file in files)
        apart = [file.told_apart() if named[file.name] > 1 else file for file in files]
        if apart == files:
            return files
        files = apart


def _send(client: Client, follower: Follower, files: Sequence[_File], collection: str) -> None:
    for batch in _batches(files):
        follower.add(_sent(client, batch, collection))
        follower.look()


def _batches(files: Sequence[_File]) -> Iterator[list[_File]]:
    batch: list[_File] = []
    size = 0
    for file in files:
        if batch and (len(batch) == _BATCH_FILES or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _sent(client: Client, batch: Sequence[_File], collection: str) -> list[Outcome]:
    from serve.commands.following import Outcome

    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        readable = []
        for file in batch:
            try:
                readable.append((file.name, stack.enter_context(file.path.open("rb"))))
            except OSError as error:
                problem = {"code": "unreadable", "detail": f"It cannot be read: {error.strerror}."}
                outcomes.append(Outcome(file.name).failed(problem))
        sent = client.upload(readable, collection) if readable else []
    return outcomes + [Outcome.of_upload(item) for item in sent]


def _say_what_goes_on(follower: Follower, total: int, *, embedded: bool) -> None:
    outcomes = follower.leave()
    waiting = sum(outcome.result == "waiting" for outcome in outcomes)
    when = "go on at the next start" if embedded else "go on in the server"
    typer.echo(
        f"Stopped. Nothing is lost: {len(outcomes) - waiting} of {total} files are done, {waiting} "
        f"{when}, {total - len(outcomes)} were not sent. Run the same command again for the rest.",
        err=True,
    )
