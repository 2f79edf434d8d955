"""Which embedder a process uses, by plain values."""

from __future__ import annotations

import fcntl
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from retrieval.embedder import Embedder, HashEmbedder
from retrieval.errors import EmbedderUnavailable
from retrieval.openvino_embedder import OpenVinoEmbedder
from retrieval.sentence_transformer import PACKAGED_MODEL, model_sha256, packaged_model_folder
from retrieval.types import Prefixes

log = logging.getLogger(__name__)

_EXPORT_SECONDS = 300

_E5 = re.compile(r"\be5\b", re.IGNORECASE)
"""A family of models trained with prefixes that their configuration does not tell."""


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """``model`` is ``PACKAGED_MODEL``, "hash", a folder or a hub name; with ``url`` a served one.

    ``folder`` keeps exports. ``hub`` allows fetching a model that is not on this machine.
    """

    folder: Path
    model: str = PACKAGED_MODEL
    url: str = ""
    key: str = ""
    prefixes: Prefixes = field(default_factory=Prefixes)
    hub: bool = False


def query_embedder(choice: EmbedderChoice) -> Embedder:
    """The embedder for questions, each of which takes one thread a few milliseconds."""
    embedder = _embedder(choice, threads=1)
    if _E5.search(choice.model) and not embedder.model.query_prefix:
        log.warning("%s finds more with its prefixes; set both, see the settings", choice.model)
    return embedder


def document_embedder(choice: EmbedderChoice, threads: int = 1) -> Embedder:
    """The embedder for documents: one thread where there is a process for each core; or a GPU."""
    if not (choice.url or choice.model == "hash") and _has_gpu():
        return _sentence_transformer(choice, threads)
    return _embedder(choice, threads)


def _embedder(choice: EmbedderChoice, threads: int) -> Embedder:
    if choice.url or choice.model == "hash":
        return _without_weights(choice)
    return _exported(choice, threads) or _sentence_transformer(choice, threads)


def _without_weights(choice: EmbedderChoice) -> Embedder:
    if not choice.url:
        return HashEmbedder()
    # Imported only where it is used: httpx takes a tenth of the time that the server has to start.
    from retrieval.http_embedder import EmbeddingServer, HttpEmbedder

    return HttpEmbedder(
        EmbeddingServer(
            url=choice.url,
            model=choice.model,
            key=choice.key,
            prefixes=choice.prefixes,
        )
    )


def _sentence_transformer(choice: EmbedderChoice, threads: int) -> Embedder:
    from retrieval.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(
        choice.model, hub=choice.hub, threads=threads, prefixes=choice.prefixes
    )


def _exported(choice: EmbedderChoice, threads: int) -> Embedder | None:
    """The model's export, made first if there is none; None if it cannot be exported."""
    folder = choice.folder / sha256(choice.model.encode()).hexdigest()[:16]
    if choice.model == PACKAGED_MODEL:
        packaged_model_folder()
    with _alone(choice.folder):
        try:
            exported = OpenVinoEmbedder(folder, threads=threads, prefixes=choice.prefixes)
        except EmbedderUnavailable:
            return _freshly_exported(choice, folder, threads)
        if _is_current(choice, exported):
            return exported
        return _freshly_exported(choice, folder, threads)


def _is_current(choice: EmbedderChoice, exported: OpenVinoEmbedder) -> bool:
    """Whether an export is of what lies in the model's folder now.

    It may be another model or have other prompts, and the documents' embedder reads that one.
    """
    folder = Path(choice.model)
    return not folder.is_dir() or model_sha256(folder) == exported.source


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: server and worker start together, and one export is enough."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".exporting").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _freshly_exported(choice: EmbedderChoice, folder: Path, threads: int) -> Embedder | None:
    log.info("exporting %s to OpenVINO, once", choice.model)
    # In a process of its own, so that torch's memory is given back.
    command = [sys.executable, "-W", "ignore", "-m", "retrieval.openvino_export"]
    try:
        done = subprocess.run(
            [*command, choice.model, str(folder), "hub" if choice.hub else "local"],
            check=False,
            capture_output=True,
            timeout=_EXPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        log.warning("no export: not done in %d s", _EXPORT_SECONDS)
        return None
    if done.returncode == 0:
        return OpenVinoEmbedder(folder, threads=threads, prefixes=choice.prefixes)
    log.warning("no export: %s", done.stderr.decode(errors="replace").strip()[-500:])
    return None


def _has_gpu() -> bool:
    """Whether torch computes on a GPU; it is loaded only where there may be one."""
    if not Path("/dev/nvidia0").exists():
        return False
    import torch

    return torch.cuda.is_available()
