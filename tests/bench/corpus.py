"""A collection made of a folder by the real pipeline, kept for the next run of a benchmark."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from ingest import jobs
from ingest.chunking import ChunkSize
from ingest.files import Originals
from ingest.intake import Intake, ReceivedFile
from ingest.jobs import Progress
from ingest.pipeline import Pipeline
from ingest.sandbox import Limits
from retrieval.database import Database
from retrieval.embedder import Embedder
from retrieval.embedder_choice import EmbedderChoice, query_embedder
from retrieval.errors import CloisterError
from retrieval.indexes import Indexes
from retrieval.retriever import Retriever
from retrieval.store import create_collection
from retrieval.types import Scope
from serve.evaluation.question_set import convert_squad


@dataclass(frozen=True, slots=True)
class Corpus:
    """A searchable collection of documents, alone in its database."""

    database: Database
    embedder: Embedder
    indexes: Indexes
    retriever: Retriever
    scope: Scope
    questions: Path


@contextmanager
def squad_corpus(source: Path, by: str, cache: Path) -> Iterator[Corpus]:
    """The documents of a SQuAD-shaped file, ingested once and then taken from ``cache``."""
    folder = cache / f"{source.stem}-{by}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        convert_squad(source, folder, "article" if by == "article" else "paragraph")
        with _opened(folder, cache) as corpus:
            if left_out := _ingest(sorted((folder / "documents").iterdir()), folder, corpus):
                raise SystemExit("\n".join(left_out))
        (folder / "complete").touch()
    with _opened(folder, cache) as corpus:
        yield corpus


@contextmanager
def pdf_corpus(source: Path, cache: Path) -> Iterator[Corpus]:
    """The PDFs of a folder, ingested anew; says which of them cannot be."""
    folder = cache / f"{source.name}-files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with _opened(folder, cache) as corpus:
        for reason in _ingest(sorted(source.glob("*.pdf")), folder, corpus):
            print(f"- left out: {reason}")
        corpus.indexes.maintain()
        yield corpus


@contextmanager
def _opened(folder: Path, cache: Path) -> Iterator[Corpus]:
    database = Database(f"sqlite:///{folder}/cloister.db")
    database.migrate()
    embedder = query_embedder(EmbedderChoice(cache / "models"))
    indexes = Indexes(database, embedder.model, folder / "indexes")
    indexes.maintain()
    yield Corpus(
        database=database,
        embedder=embedder,
        indexes=indexes,
        retriever=Retriever(database, embedder, indexes),
        scope=Scope(frozenset({1})),
        questions=folder / "questions.jsonl",
    )
    indexes.close()
    database.close()


def _ingest(files: Sequence[Path], folder: Path, corpus: Corpus) -> list[str]:
    """Take files in; the reasons of those that cannot be."""
    originals = Originals(f"file://{folder.absolute()}/originals")
    pipeline = Pipeline(corpus.database, originals, corpus.embedder, Limits(), ChunkSize())
    intake = Intake(corpus.database, originals)
    left_out: list[str] = []
    with corpus.database.write() as connection:
        create_collection(connection, "default")
    for path in files:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{folder.name}: {path.name:60.60}")
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        intake.accept(ReceivedFile(path, path.name, digest, path.stat().st_size), 1)
        with corpus.database.write() as connection:
            lease = jobs.claim(connection, "benchmark")
        if lease is None:
            continue
        try:
            pipeline.ingest(lease, _ignore)
        except CloisterError as error:
            left_out.append(f"{path.name}: {error.message}")
            with corpus.database.write() as connection:
                jobs.fail(connection, lease, error.code, error.message)
    sys.stderr.write(f"\r{folder.name}: {len(files)} files{'':60}\n")
    return left_out


def _ignore(progress: Progress) -> None:
    """Progress of a benchmark's own ingestion is of no interest."""
