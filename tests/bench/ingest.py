"""Ingestion beside LlamaIndex, LangChain and Haystack: same documents, same model, one core."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

from tests.bench.documents import made_documents
from tests.bench.machine import has_bf16
from tests.bench.options import Options
from tests.bench.tables import print_table, spread

_HERE = Path(__file__).parent / "peers"
_OURS = "Cloister"
_LONGEST = 3_600


@dataclass(frozen=True, slots=True)
class Peer:
    """A library with its script, and how it is run."""

    name: str
    script: str
    variant: str = ""
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took in, and in which time."""

    documents: int
    chunks: int
    tokens: int
    tokens_read: int
    seconds: float
    processor: float


_DEFAULTS = (
    Peer("LlamaIndex (1,024 tokens)", "llama_index_ingest.py"),
    Peer("LlamaIndex (256 tokens)", "llama_index_ingest.py", "chunks of 256"),
    Peer("LangChain (1,000 characters)", "langchain_ingest.py"),
    Peer("Haystack (200 words)", "haystack_ingest.py"),
)


def run(options: Options) -> None:
    """Print documents and chunks a second, and how many times as many we take in."""
    folder = made_documents(options)
    python = _environment(options.cache)
    peers: list[Peer | None] = [None, *_DEFAULTS]
    if has_bf16():
        peers += [Peer(f"{p.name}, bf16", p.script, p.variant, "bfloat16") for p in _DEFAULTS]
    runs: dict[str, list[Run]] = {peer.name if peer else _OURS: [] for peer in peers}
    for number in range(options.repeats):
        for peer in peers if number % 2 == 0 else reversed(peers):
            name = peer.name if peer else _OURS
            taken = _peer(python, peer, folder) if peer else _ours(options, folder)
            runs[name].append(taken)
            sys.stderr.write(f"ingest, run {number + 1}: {name}: {taken}\n")
            sys.stderr.flush()
    _print(runs, len(list(folder.iterdir())))
    if not has_bf16():
        print("Rows at bf16, and the ratios that are asked for on such a machine, need a processor")
        print("with AMX or AVX512-BF16, which this one is not.")


def _print(runs: dict[str, list[Run]], documents: int) -> None:
    ours = median(run.documents / run.seconds for run in runs[_OURS])
    ours_processor = median(run.documents / run.processor for run in runs[_OURS])
    rows = [
        [
            name,
            str(some[0].documents),
            str(some[0].chunks),
            f"{100 * some[0].tokens_read / some[0].tokens:.0f} %",
            spread([run.documents / run.seconds for run in some]),
            f"{median(run.chunks / run.seconds for run in some):.1f}",
            f"{median(run.tokens_read / run.seconds for run in some):,.0f}",
            f"{ours / median(run.documents / run.seconds for run in some):.2f}",
            f"{ours_processor / median(run.documents / run.processor for run in some):.2f}",
        ]
        for name, some in runs.items()
    ]
    heads = ["pipeline", "documents", "chunks", "text that the model reads"]
    heads += ["docs/s, least / median / most", "chunks/s", "tokens/s", "ours / this"]
    heads += ["the same by processor time"]
    print_table(f"{documents} documents, one core, one thread, model loaded before", heads, rows)


def _environment(cache: Path) -> Path:
    """The Python of an environment with the peers, made at the first run: torch first, by pip."""
    requirements = _HERE / "requirements.txt"
    folder = cache / "peers"
    python = folder / "bin" / "python"
    wanted = sha256(requirements.read_bytes()).hexdigest()
    mark = folder / "installed"
    if mark.exists() and mark.read_text() == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "torch==2.13.0"], check=True)
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    mark.write_text(wanted)
    return python


def _peer(python: Path, peer: Peer, folder: Path) -> Run:
    command = [str(python), str(_HERE / peer.script), str(folder), "--dtype", peer.dtype]
    return _run([*command, "--variant", peer.variant])


def _ours(options: Options, folder: Path) -> Run:
    data = options.cache / "ingest-data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.bench.own_ingest", str(folder), "--data", str(data)]
    found = _run([*command, "--models", str(options.models)])
    shutil.rmtree(data)
    return found


def _run(command: Sequence[str]) -> Run:
    """Run on the last core, without a way to the hub, and read the last line that is printed."""
    core = str(max(os.sched_getaffinity(0)))
    done = subprocess.run(
        [*command, "--core", core],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"},
    )
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]))
