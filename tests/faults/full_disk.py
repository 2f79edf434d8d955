"""Programs for a small disk: fill it, see what still works, free it, and go on."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.indexes import Indexes
from retrieval.retriever import Retriever
from retrieval.store import delete_document
from tests.faults.site import Site, running, text_of, wait_until
from tests.retrieval.filling import EMBEDDER, a_collection, published


def documents_come_in(disk: Path, result: Path) -> dict[str, object]:
    """Documents are added while the whole data folder lies on the full disk."""
    ballast = disk / "ballast"
    facts = documents_added(disk / "data", lambda: fill(ballast), ballast.unlink)
    shutil.copytree(disk / "data", result / "data")
    return facts


def files_stop_growing(_: Path, result: Path) -> dict[str, object]:
    """The same where no file may grow beyond the longest of them."""
    data = result / "data"

    def stop() -> None:
        longest = max(path.stat().st_size for path in data.rglob("*") if path.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, resource.RLIM_INFINITY))

    def go_on() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    return documents_added(data, stop, go_on)


def documents_added(
    data: Path, stop: Callable[[], None], go_on: Callable[[], None]
) -> dict[str, object]:
    """Documents are added before, while and after the disk takes no more."""
    data.mkdir()
    with running(data) as site:
        acknowledged = [name for name in ("one", "two", "three") if site.add(name, 1)]
        site.settle()
        stop()
        failed = 0
        for number in range(6):
            name = f"while full {number}"
            if added(site, name):
                acknowledged.append(name)
            else:
                failed += 1
        found = finds(site, "one")
        go_on()
        wait_until(lambda: added(site, "after"))
        acknowledged.append("after")
        site.settle()
    return {"failed_adds": failed, "found_while_full": found, "acknowledged": acknowledged}


def indexes_follow(disk: Path, result: Path) -> dict[str, object]:
    """Only the indexes lie on the full disk, and the store goes on growing."""
    failures = 0
    with closing(Database(f"sqlite:///{result}/cloister.db")) as database:
        database.migrate()
        collection = a_collection(database)
        with closing(Indexes(database, EMBEDDER.model, disk / "indexes")) as indexes:
            deleted = published(database, collection, "deleted.txt", "vine")
            indexes.maintain()
            ballast = disk / "ballast"
            fill(ballast)
            for number in range(100):
                published(database, collection, f"{number}.txt", *texts_of(number))
            with database.write() as connection:
                delete_document(connection, deleted)
            for _ in range(2):
                try:
                    indexes.maintain()
                except OSError:
                    failures += 1
            while_full = len(indexes.lexical), len(indexes.dense)
            ballast.unlink()
            indexes.maintain()
            freed = len(indexes.lexical), len(indexes.dense)
    return {"failures": failures, "while_full": while_full, "freed": freed}


def texts_of(number: int) -> list[str]:
    """Three texts with many words of their own."""
    return [" ".join(f"w{number}x{part}x{word}" for word in range(200)) for part in range(3)]


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 12))
        except OSError:
            return


def added(site: Site, name: str) -> bool:
    try:
        site.add(name, 1)
    except (OSError, SQLAlchemyError):
        return False
    return True


def finds(site: Site, name: str) -> bool:
    retriever = Retriever(site.database, HashEmbedder(), site.indexes)
    hits = retriever.retrieve(text_of(name, 1).split("\n\n")[0], site.scope, 1).hits
    return [hit.stored.document_name for hit in hits] == [f"{name}.txt"]


if __name__ == "__main__":
    _, program, disk, result = sys.argv
    programs = (documents_come_in, files_stop_growing, indexes_follow)
    (run,) = (known for known in programs if known.__name__ == program)
    print(json.dumps(run(Path(disk), Path(result))))
