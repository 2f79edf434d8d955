"""How long a search takes at 10,000, 100,000 and a million chunks, on one core."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from retrieval.faiss_tiers import use_threads
from retrieval.retriever import CANDIDATES, Retriever
from retrieval.snapshot import load_snapshot, save_snapshot
from retrieval.types import EmbedderModel, Scope, Vector, Vectors
from tests.bench.options import Options
from tests.bench.synthetic import COLLECTIONS, MODEL, Synthetic, synthetic
from tests.bench.tables import milliseconds, print_table

_K = 8
_WARM = 20
_QUESTION_WORDS = 6
_EVERYTHING = Scope(frozenset(range(1, COLLECTIONS + 1)))
_ONE_PERCENT = Scope(frozenset({17}))


class GivenVector:
    """An embedder whose vectors are there before the question is asked."""

    model: EmbedderModel = MODEL

    def __init__(self) -> None:
        self.vector: Vector | None = None

    def embed_query(self, text: str) -> Vector:
        """The vector that was given."""
        if self.vector is None:
            raise LookupError(text)
        return self.vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Never asked for."""
        raise NotImplementedError

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Never asked for."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its text, its words and its vector."""

    text: str
    words: list[tuple[str, ...]]
    vector: Vector


def run(options: Options) -> None:
    """Print p50 and p95 of each part, and of the whole."""
    sizes = (2_000, 10_000) if options.quick else (10_000, 100_000, 1_000_000)
    count = 50 if options.quick else 500
    rows: list[list[str]] = []
    built: list[list[str]] = []
    with _one_core():
        for size in sizes:
            sys.stderr.write(f"search: {size:,} chunks\n")
            folder = options.cache / f"search-{size}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            with synthetic(folder, size) as made:
                rows += _rows(size, made, _asked(made, count))
                built.append([f"{size:,}", made.indexes.dense.state.main.tier.value])
                built[-1] += [f"{made.dense_seconds:.1f}", f"{made.lexical_seconds:.1f}"]
                snapshot = folder / "dense.snapshot"
                save_snapshot(made.indexes.dense, snapshot, "benchmark", 1)
                begun = time.monotonic()
                load_snapshot(snapshot, "benchmark")
                built[-1].append(f"{time.monotonic() - begun:.2f}")
            shutil.rmtree(folder)
    heads = ["chunks", "search, scope", "ms by the clock, p50 / p95", "ms of processor, p50 / p95"]
    print_table("One core; whole: fused, 8 passages read from SQL, vector given", heads, rows)
    heads = ["chunks", "tier", "merge, s", "BM25 index, s", "snapshot loaded and checked, s"]
    print_table("Building and loading", heads, built)
    print(
        "Whole retrieval with a scope must reach p95 20 ms at 100k and 50 ms at 1M; aim 8 and 20."
    )


@contextmanager
def _one_core() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    use_threads(1)
    yield
    os.sched_setaffinity(0, before)


def _asked(made: Synthetic, count: int) -> list[Asked]:
    vectors = made.embeddings.draw(count)
    texts = made.texts.draw(count, _QUESTION_WORDS)
    return [
        Asked(" ".join(words), [(word,) for word in dict.fromkeys(words)], vector)
        for words, vector in zip(texts, vectors, strict=True)
    ]


def _rows(size: int, made: Synthetic, asked: Sequence[Asked]) -> list[list[str]]:
    embedder = GivenVector()
    retriever = Retriever(made.database, embedder, made.indexes)

    def whole(one: Asked, scope: Scope) -> None:
        embedder.vector = one.vector
        retriever.retrieve(one.text, scope, _K)

    def dense(one: Asked, scope: Scope) -> None:
        made.indexes.dense.search(one.vector, scope, CANDIDATES)

    def lexical(one: Asked, scope: Scope) -> None:
        made.indexes.lexical.search(one.words, scope, CANDIDATES)

    return [
        [f"{size:,}", name, *_shown(search, asked, scope)]
        for part, search in (("dense", dense), ("BM25", lexical), ("whole", whole))
        for name, scope in ((f"{part}, everything", _EVERYTHING), (f"{part}, 1 %", _ONE_PERCENT))
    ]


def _shown(
    search: Callable[[Asked, Scope], None], asked: Sequence[Asked], scope: Scope
) -> list[str]:
    return [milliseconds(seconds) for seconds in _timed(search, asked, scope)]


def _timed(
    search: Callable[[Asked, Scope], None], asked: Sequence[Asked], scope: Scope
) -> tuple[list[float], list[float]]:
    """Seconds on the clock and of the processor; others may be at work on this core."""
    for one in asked[:_WARM]:
        search(one, scope)
    clock: list[float] = []
    processor: list[float] = []
    for one in asked:
        begun, used = time.perf_counter(), time.process_time()
        search(one, scope)
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    return clock, processor
