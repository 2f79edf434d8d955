"""The whole program without HTTP: database, originals, intake, lanes, and indexes that follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ingest import jobs
from ingest.chunking import ChunkSize
from ingest.files import Originals
from ingest.intake import Intake, ReceivedFile
from ingest.job_listing import JobFilter, list_jobs
from ingest.pipeline import Pipeline
from ingest.sandbox import Limits
from ingest.worker import Lane
from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.errors import CloisterError
from retrieval.indexes import Indexes
from retrieval.store import (
    DocumentFilter,
    collection_named,
    create_collection,
    list_collections,
    list_documents,
)
from retrieval.types import Document, Scope
from tests.fixtures.waiting import until

COLLECTION = "default"
_PATIENCE = 120.0
_FILLER = "The notice about the garden of the cloister says that"


@dataclass(frozen=True, slots=True)
class Site:
    """One data folder, opened."""

    folder: Path
    database: Database
    originals: Originals
    intake: Intake
    indexes: Indexes
    scope: Scope

    @property
    def collection(self) -> int:
        (only,) = self.scope.collections
        return only

    def add(self, name: str, version: int) -> int:
        """Take in a version of a document, as an upload does; its id."""
        incoming = self.folder / "incoming"
        incoming.mkdir(exist_ok=True)
        path = incoming / f"{name}-{version}"
        content = text_of(name, version).encode()
        path.write_bytes(content)
        file = ReceivedFile(path, f"{name}.txt", sha256(content).hexdigest(), len(content))
        receipt = self.intake.accept(file, self.collection)
        path.unlink()
        return receipt.document.id

    def documents(self, name: str = "") -> list[Document]:
        with self.database.read() as connection:
            found = list_documents(connection, DocumentFilter(self.scope, limit=10_000))
        return [document for document in found if not name or document.name == f"{name}.txt"]

    def delete(self, name: str) -> None:
        for document in self.documents(name):
            self.intake.delete(document.id)

    def settle(self) -> None:
        """Wait until no job waits or runs."""
        wait_until(lambda: not self.active_jobs())

    def active_jobs(self) -> int:
        with self.database.read() as connection:
            return len(list_jobs(connection, JobFilter(self.scope, active=True)))


@contextmanager
def opened(folder: Path) -> Iterator[Site]:
    """The folder as a start of the server opens it, without anything at work."""
    with closing(Database(f"sqlite:///{folder}/cloister.db")) as database:
        database.migrate()
        originals = Originals((folder / "originals").as_uri())
        intake = Intake(database, originals)
        intake.sweep()
        with database.write() as connection:
            jobs.release_all(connection)
            if not list_collections(connection):
                create_collection(connection, COLLECTION)
            collection = collection_named(connection, COLLECTION)
        scope = Scope(collections=frozenset({collection.id}))
        indexes = Indexes(database, HashEmbedder().model, folder / "indexes", first_purge=0.0)
        with closing(indexes):
            yield Site(folder, database, originals, intake, indexes, scope)


@contextmanager
def running(folder: Path, lanes: int = 2) -> Iterator[Site]:
    """The same with lanes that take documents in and a thread that keeps the indexes in step."""
    stopping = threading.Event()
    with opened(folder) as site:
        pipeline = Pipeline(site.database, site.originals, HashEmbedder(), Limits(), ChunkSize())
        threads = [
            threading.Thread(target=Lane(pipeline, f"lane-{n}", stopping).run) for n in range(lanes)
        ]
        threads.append(threading.Thread(target=_follow, args=(site.indexes, stopping)))
        for thread in threads:
            thread.start()
        try:
            yield site
        finally:
            stopping.set()
            for thread in threads:
                thread.join()


def _follow(indexes: Indexes, stopping: threading.Event) -> None:
    while not stopping.wait(0.05):
        try:
            indexes.maintain()
        except (CloisterError, OSError, ValueError):
            continue


def wait_until(condition: Callable[[], Any], patience: float = _PATIENCE) -> None:
    """Wait for a condition to hold; fail after a generous time."""
    until(condition, patience)


def text_of(name: str, version: int) -> str:
    """A text of a few chunks, no word of which but the filler is in another text or paragraph."""
    paragraphs = []
    for number in range(6):
        seed = sha256(f"{name}/{version}/{number}".encode()).hexdigest()
        words = " ".join(f"x{seed[start : start + 7]}" for start in range(0, 56, 7))
        paragraphs.append(" ".join(f"{_FILLER} {word}." for word in words.split()))
    return "\n\n".join(paragraphs)
