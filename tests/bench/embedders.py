"""The same model in torch and exported to OpenVINO: speed, start and memory on one core."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from retrieval.embedder import Embedder
from retrieval.embedder_choice import EmbedderChoice, query_embedder
from retrieval.sentence_transformer import PACKAGED_MODEL, SentenceTransformerEmbedder
from serve.settings import Settings, quiet_libraries
from tests.bench.options import Options
from tests.bench.tables import print_table, spread

_SENTENCE = "The notice period of the lease is three months to the end of a quarter. "
_QUESTION = "What is the notice period of the lease?"
_NAMES = {"torch": "sentence-transformers", "openvino": "exported to OpenVINO"}


def run(options: Options) -> None:
    """Print both side by side, by turns."""
    query_embedder(EmbedderChoice(options.models))
    count = 32 if options.quick else 256
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in _NAMES}
    for number in range(options.repeats):
        for kind in _NAMES if number % 2 == 0 else reversed(_NAMES):
            runs[kind].append(_measured(kind, count, options))
    rows = [
        [_NAMES[kind]]
        + [spread([one[key] for one in some]) for key in ("start", "question", "rate", "per_cpu")]
        + [f"{max(one['memory'] for one in some):.0f}"]
        for kind, some in runs.items()
    ]
    heads = ["embedder", "start to first vector, s", "a question, ms", "chunks/s"]
    heads += ["chunks per second of processor", "memory, MiB"]
    print_table(f"One core, {count} chunks of 20 to 150 tokens; least / median / most", heads, rows)


def _measured(kind: str, count: int, options: Options) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.embedders", kind, str(count)]
    done = subprocess.run(
        [*command, str(options.models)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Measure one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=_NAMES)
    parser.add_argument("count", type=int)
    parser.add_argument("models", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    quiet_libraries(Settings())
    begun = time.perf_counter()
    embedder = _loaded(given.kind, given.models)
    embedder.embed_query(_QUESTION)
    start = time.perf_counter() - begun
    questions = [_timed_question(embedder) for _ in range(20)]
    texts = [f"{number}. {_SENTENCE * (1 + number % 9)}" for number in range(given.count)]
    begun, used = time.perf_counter(), time.process_time()
    embedder.embed_documents(texts)
    result = {
        "start": start,
        "question": 1_000 * sorted(questions)[len(questions) // 2],
        "rate": given.count / (time.perf_counter() - begun),
        "per_cpu": given.count / (time.process_time() - used),
        "memory": psutil.Process().memory_info().rss / (1 << 20),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _loaded(kind: str, models: Path) -> Embedder:
    if kind == "openvino":
        return query_embedder(EmbedderChoice(models))
    return SentenceTransformerEmbedder(PACKAGED_MODEL, threads=1)


def _timed_question(embedder: Embedder) -> float:
    begun = time.perf_counter()
    embedder.embed_query(_QUESTION)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
