"""Which embedder a process uses, by plain values."""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from retrieval.embedder import Embedder, HashEmbedder
from retrieval.errors import EmbedderUnavailable
from retrieval.onnx_embedder import OnnxEmbedder
from retrieval.sentence_transformer import PACKAGED_MODEL, packaged_model_folder, weights_sha256

log = logging.getLogger(__name__)

_EXPORT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """``model`` is ``PACKAGED_MODEL``, "hash", a folder or a hub name; with ``url`` a served one.

    ``folder`` keeps exports. ``hub`` allows fetching a model that is not on this machine.
    """

    folder: Path
    model: str = PACKAGED_MODEL
    url: str = ""
    key: str = ""
    query_prefix: str = ""
    document_prefix: str = ""
    hub: bool = False


def query_embedder(choice: EmbedderChoice) -> Embedder:
    """The embedder for questions: the one that starts soonest."""
    if choice.url or choice.model == "hash":
        return _without_weights(choice)
    exported = _exported(choice)
    return exported or _sentence_transformer(choice)


def document_embedder(choice: EmbedderChoice) -> Embedder:
    """The embedder for documents: torch where the processor computes in bf16, which is faster."""
    if choice.url or choice.model == "hash":
        return _without_weights(choice)
    if _processor_has_bf16():
        return _sentence_transformer(choice)
    return query_embedder(choice)


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
            query_prefix=choice.query_prefix,
            document_prefix=choice.document_prefix,
        )
    )


def _sentence_transformer(choice: EmbedderChoice) -> Embedder:
    from retrieval.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(choice.model, hub=choice.hub, threads=1)


def _exported(choice: EmbedderChoice) -> Embedder | None:
    """The model's export, made first if there is none; None if it cannot be exported."""
    folder = choice.folder / sha256(choice.model.encode()).hexdigest()[:16]
    if choice.model == PACKAGED_MODEL:
        packaged_model_folder()
    with _alone(choice.folder):
        try:
            exported = OnnxEmbedder(folder)
        except EmbedderUnavailable:
            return _freshly_exported(choice, folder)
        is_current = exported.model.revision == _revision(choice, exported.model.revision)
        return exported if is_current else _freshly_exported(choice, folder)


def _revision(choice: EmbedderChoice, exported: str) -> str:
    """What the model's own files say of its revision; what the export says, if they are not here.

    Another model may lie in a folder by now, and the documents' embedder reads that one.
    """
    folder = Path(choice.model)
    return weights_sha256(folder) if (folder / "model.safetensors").is_file() else exported


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: server and worker start together, and one export is enough."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".exporting").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _freshly_exported(choice: EmbedderChoice, folder: Path) -> Embedder | None:
    log.info("exporting %s to onnxruntime, once", choice.model)
    # In a process of its own, so that torch's memory is given back.
    command = [sys.executable, "-W", "ignore", "-m", "retrieval.onnx_export"]
    done = subprocess.run(
        [*command, choice.model, str(folder), "hub" if choice.hub else "local"],
        check=False,
        capture_output=True,
        timeout=_EXPORT_SECONDS,
    )
    if done.returncode == 0:
        return OnnxEmbedder(folder)
    log.warning("no export: %s", done.stderr.decode(errors="replace").strip()[-500:])
    return None


def _processor_has_bf16() -> bool:
    """The same as ``sentence_transformer.computes_in_bf16``, without importing torch."""
    flags = Path("/proc/cpuinfo")
    text = flags.read_text() if flags.exists() else ""
    return "amx_bf16" in text or "avx512_bf16" in text or Path("/dev/nvidia0").exists()
