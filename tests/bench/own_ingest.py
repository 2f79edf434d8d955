"""Our side of the comparison: real files through intake, queue, worker lanes, sandbox, indexes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from hashlib import file_digest
from pathlib import Path

import psutil
from sqlalchemy import select

from ingest.chunking import ChunkSize
from ingest.files import Originals
from ingest.intake import Intake, ReceivedFile
from ingest.jobs import is_work_waiting
from ingest.pipeline import Pipeline
from ingest.sandbox import Limits
from ingest.worker import Lane
from retrieval.database import Database
from retrieval.embedder_choice import EmbedderChoice, document_embedder
from retrieval.indexes import Indexes
from retrieval.schema import chunks, documents
from retrieval.store import create_collection
from serve.settings import Settings, quiet_libraries

_LANES = 2
_LOOK_SECONDS = 0.5


def main() -> None:
    """Take a folder in and print what it took as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--core", type=int, required=True)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    quiet_libraries(Settings())
    database = Database(f"sqlite:///{given.data}/cloister.db")
    database.migrate()
    with database.write() as connection:
        create_collection(connection, "default")
    originals = Originals(f"file://{given.data}/originals")
    embedder = document_embedder(EmbedderChoice(given.models))
    embedder.embed_documents(["warm"])
    pipeline = Pipeline(database, originals, embedder, Limits(), ChunkSize())
    indexes = Indexes(database, embedder.model, given.data / "indexes")
    begun, used = time.perf_counter(), _processor()
    intake = Intake(database, originals)
    files = sorted(given.folder.iterdir())
    for path in files:
        _accept(intake, path)
    _work(pipeline)
    indexes.maintain()
    seconds = time.perf_counter() - begun
    # Only then do the children that parsed count: their time is told once they were waited for.
    pipeline.sandbox.close()
    processor = _processor() - used
    with database.read() as connection:
        failed = connection.scalars(select(documents.c.name).where(documents.c.seq.is_(None))).all()
        texts = connection.scalars(select(chunks.c.text)).all()
    tokens = sum(embedder.count_tokens(list(texts)))
    result = {"documents": len(files) - len(failed), "chunks": len(texts), "seconds": seconds}
    result |= {"processor": processor, "tokens": tokens, "tokens_read": tokens}
    sys.stdout.write("\n" + json.dumps(result) + "\n")


def _processor() -> float:
    """Seconds of processor of this process and its children that have ended."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _accept(intake: Intake, path: Path) -> None:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    intake.accept(ReceivedFile(path, path.name, digest, path.stat().st_size), 1)


def _work(pipeline: Pipeline) -> None:
    """Run the lanes of one worker until the queue is empty."""
    stopping = threading.Event()
    lanes = [
        threading.Thread(target=Lane(pipeline, f"lane-{number}", stopping).run)
        for number in range(_LANES)
    ]
    for lane in lanes:
        lane.start()
    while _is_unfinished(pipeline.database):
        time.sleep(_LOOK_SECONDS)
    stopping.set()
    for lane in lanes:
        lane.join()


def _is_unfinished(database: Database) -> bool:
    busy = ("queued", "parsing", "embedding")
    with database.read() as connection:
        if is_work_waiting(connection):
            return True
        state = documents.c.state.in_(busy)
        return connection.scalar(select(documents.c.id).where(state).limit(1)) is not None


if __name__ == "__main__":
    main()
