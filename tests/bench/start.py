"""Starting, asking without a server, and memory, with 50,000 chunks there."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil

from retrieval.contents import embedder_id, publish
from retrieval.database import Database
from retrieval.embedder_choice import EmbedderChoice, query_embedder
from retrieval.store import NewDocument, add_document, create_collection
from retrieval.types import Chunk, DocumentContent, Page, Span
from tests.bench.options import Options
from tests.bench.synthetic import CHUNKS_A_DOCUMENT, Embeddings, Texts, publish_document
from tests.bench.tables import print_table, spread

_FACT = "The notice period of the lease is three months to the end of a quarter."
_QUESTION = "What is the notice period of the lease?"
_BATCH = 50
_PATIENCE = 900.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock and of the processor; others may be at work on this machine."""

    clock: float
    processor: float


def run(options: Options) -> None:
    """Print seconds and memory."""
    count = 2_000 if options.quick else 50_000
    data = _data_folder(options, count)
    repeats = options.repeats
    helps = [_command(data, "--help") for _ in range(repeats + 2)]
    listening: list[Taken] = []
    answered: list[Taken] = []
    memory: dict[str, float] = {}
    for _ in range(repeats):
        with _server(data) as server:
            listening.append(server.listening)
            answered.append(_first_answer(server))
            memory = _memory(server)
    alone = [_command(data, "ask", _QUESTION) for _ in range(repeats)]
    rows = [
        ["cloister --help", *_shown(helps), "0.5", ""],
        ["second start until it listens", *_shown(listening), "2", ""],
        ["second start to first answer", *_shown(answered), "12", "3"],
        ["cloister ask, no server running", *_shown(alone), "12", "3"],
    ]
    heads = [f"{count:,} chunks", "s by the clock, least / median / most", "s of processor"]
    heads += ["must, by the clock", "aim"]
    print_table("Start", heads, rows)
    heads = ["process", "MiB"]
    print_table("Memory after questions and one ingested file", heads, _memory_rows(memory))
    print("Server and worker must stay under 2 GB resident; aim 1.2 GB.")


def _shown(taken: Sequence[Taken]) -> list[str]:
    return [spread([one.clock for one in taken]), spread([one.processor for one in taken])]


def _memory_rows(memory: dict[str, float]) -> list[list[str]]:
    return [[name, f"{mib:.0f}"] for name, mib in memory.items()]


def _data_folder(options: Options, count: int) -> Path:
    """A data folder with so many chunks, its indexes built; kept for the next run."""
    data = options.cache / f"start-{count}"
    if (data / "complete").exists():
        return data
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    _fill(options, data, count)
    shutil.copytree(options.models, data / "embedders")
    begun = time.monotonic()
    with _server(data) as server:
        _first_answer(server)
        while not _is_in_step(server):
            time.sleep(0.5)
    sys.stderr.write(f"indexes of {count} chunks: {time.monotonic() - begun:.0f} s\n")
    (data / "complete").touch()
    return data


def _fill(options: Options, data: Path, count: int) -> None:
    embedder = query_embedder(EmbedderChoice(options.models))
    random = np.random.default_rng(7)
    texts, embeddings = Texts(random), Embeddings(random)
    database = Database(f"sqlite:///{data}/cloister.db")
    database.migrate()
    with database.write() as connection:
        collection = create_collection(connection, "default").id
        new = NewDocument(collection, "lease.txt", "0" * 64, len(_FACT), "text/plain")
        document, _ = add_document(connection, new)
        chunk = Chunk(1, Span(0, len(_FACT)), _FACT, language="en")
        vectors = embedder.embed_documents([_FACT])
        content = DocumentContent("", "en", False, (Page(1, _FACT),), (chunk,), vectors)
        publish(connection, document.id, content, embedder_id(connection, embedder.model))
    for start in range(0, count // CHUNKS_A_DOCUMENT, _BATCH):
        with database.write() as connection:
            for number in range(start, min(start + _BATCH, count // CHUNKS_A_DOCUMENT)):
                name = f"document {number}.txt"
                publish_document(connection, collection, name, texts, embeddings, embedder.model)
    database.close()


@dataclass(frozen=True, slots=True)
class _Server:
    process: subprocess.Popen[str]
    http: httpx.Client
    begun: float
    listening: Taken


@contextmanager
def _server(data: Path) -> Iterator[_Server]:
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "serve", "serve", "--port", "0"],
        env=_environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    listening = _taken(process, begun)
    if "listens on" not in line:
        raise SystemExit(f"the server did not start over {data}: {line}")
    headers = {"Authorization": f"Bearer {(data / 'operator.token').read_text()}"}
    with httpx.Client(
        base_url=line.split()[-1], headers=headers, timeout=300, trust_env=False
    ) as http:
        yield _Server(process, http, begun, listening)
    process.terminate()
    process.wait(60)


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOISTER_")}
    return kept | {"CLOISTER_DATA": str(data), "CLOISTER_WORKERS": "1"}


def _taken(process: subprocess.Popen[str], begun: float) -> Taken:
    clock = time.monotonic() - begun
    if process.poll() is not None:
        return Taken(clock, 0.0)
    times = psutil.Process(process.pid).cpu_times()
    return Taken(clock, times.user + times.system)


def _first_answer(server: _Server) -> Taken:
    """What it takes from the start of the process until a question is answered."""
    while time.monotonic() - server.begun < _PATIENCE:
        if _ask(server):
            return _taken(server.process, server.begun)
        time.sleep(0.05)
    raise SystemExit("the server gave no answer")


def _ask(server: _Server) -> bool:
    body = {"question": _QUESTION}
    response = server.http.post("/api/v1/chat", params={"stream": "false"}, json=body)
    return response.status_code == 200 and bool(response.json()["citations"])


def _is_in_step(server: _Server) -> bool:
    status = server.http.get("/api/v1/status").json()
    return bool(status["seq"] == status["index_seq"])


def _memory(server: _Server) -> dict[str, float]:
    """Resident memory once all is loaded: after a file was taken in and questions were asked."""
    content = f"A note of {time.time()}: the walnut tree was planted in 1912.".encode()
    name = f"note {time.time_ns()}.txt"
    server.http.post("/api/v1/documents", files=[("file", (name, content))])
    while json.loads(server.http.get("/api/v1/status").text)["active_jobs"]:
        time.sleep(0.2)
    for _ in range(10):
        _ask(server)
    parent = psutil.Process(server.process.pid)
    found = {"server": parent.memory_info().rss / _MIB}
    shared = parent.memory_full_info().pss / _MIB
    for child in parent.children(recursive=True):
        command = " ".join(child.cmdline())
        name = "resource tracker" if "resource_tracker" in command else f"worker {child.pid}"
        found[name] = child.memory_info().rss / _MIB
        shared += child.memory_full_info().pss / _MIB
    return found | {"together, resident": sum(found.values()), "together, proportional": shared}


def _command(data: Path, *arguments: str) -> Taken:
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "serve", *arguments]
    done = subprocess.run(command, env=_environment(data), capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr!r}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(time.monotonic() - begun, used)
