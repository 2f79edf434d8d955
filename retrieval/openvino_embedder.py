"""A model on OpenVINO: exported once from its weights, then there without torch.

It starts in under a second where torch takes several, keeps the weights in memory that processes
share, and computes in bf16 where the processor does (``make bench`` prints it beside torch).
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from retrieval.embedder import checked_vectors, encodable
from retrieval.errors import EmbedderUnavailable
from retrieval.sentence_transformer import SPECIAL_TOKENS
from retrieval.types import EmbedderModel, Prefixes, Vector, Vectors

EXPORT_FORMAT = 5
"""Rises with every change of what an export holds; one of another format is made anew."""

_FILES = ("model.xml", "model.bin", "tokenizer.json")
_STEP = 16
"""Tokens; OpenVINO keeps what it prepares for each shape, and for each length it took 0.6 GB."""

_NO_PREFIXES = Prefixes()
_BATCH_TOKENS = 512
"""About four chunks: more at once is no faster, and pads the few chunks of a small document."""


class OpenVinoEmbedder:
    """An exported model read from its folder."""

    def __init__(
        self, folder: Path, *, threads: int = 1, prefixes: Prefixes = _NO_PREFIXES
    ) -> None:
        """Load an export.

        Args:
            folder: What ``openvino_export.export_model`` wrote.
            threads: Of the one call that is computed at a time.
            prefixes: To be used instead of the model's own.

        Raises:
            EmbedderUnavailable: The folder holds no export that this release reads.
        """
        facts = _read_facts(folder)
        exported = EmbedderModel(
            **{**facts["model"], "languages": frozenset(facts["model"]["languages"])}
        )
        self.model = exported.prefixed(prefixes)
        self.source: str = facts["source"]
        try:
            self._request = _compiled(folder / "model.xml", threads).create_infer_request()
        except RuntimeError as error:
            raise EmbedderUnavailable(f"The export in {str(folder)!r} cannot be read.") from error
        # Two threads that come to OpenVINO's bindings at once may block each other for ever.
        self._computing = threading.Lock()
        self._counter = _tokenizer(folder)
        self._counter.no_truncation()
        self._tokenizer = _tokenizer(folder)
        self._tokenizer.enable_truncation(self.model.window + SPECIAL_TOKENS)

    def embed_query(self, text: str) -> Vector:
        """See ``Embedder``."""
        vector: Vector = self._embedded([self.model.query_prefix + text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return self._embedded([self.model.document_prefix + text for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Embedder``."""
        encodings = self._counter.encode_batch(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [len(encoding) for encoding in encodings]

    def _embedded(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch([encodable(text) for text in texts])
        ids = [encoding.ids for encoding in encodings]
        lengths = [self._padded(len(row)) for row in ids]
        raw = np.empty((len(texts), self.model.dimensions), np.float32)
        for batch in _batches(lengths):
            raw[batch] = self._forward([ids[i] for i in batch], lengths[batch[-1]])
        return checked_vectors(raw, len(texts), self.model.dimensions)

    def _padded(self, length: int) -> int:
        return min(length + -length % _STEP, self.model.window + SPECIAL_TOKENS)

    def _forward(self, rows: list[list[int]], length: int) -> Vectors:
        padded = np.zeros((len(rows), length), np.int64)
        mask = np.zeros_like(padded)
        for place, row in enumerate(rows):
            padded[place, : len(row)] = row
            mask[place, : len(row)] = 1
        with self._computing:
            found = self._request.infer({"input_ids": padded, "attention_mask": mask})
            # The next call of the request writes into the same memory.
            return np.array(found[0], np.float32)


def imported_openvino() -> Any:
    """The package ``openvino``, without its part that tells the vendor of each import."""
    # None makes an import fail, upon which OpenVINO does without.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


def _compiled(model: Path, threads: int) -> Any:
    core = imported_openvino().Core()
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    options = {
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if has_bf16 else "f32",
        # It would bind the threads of every process to the same cores.
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(core.read_model(model), "CPU", options)


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    return tokenizer


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of the texts by length, so that little is padded; the longest of each is last."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and (len(batch) + 1) * lengths[i] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _read_facts(folder: Path) -> dict[str, Any]:
    try:
        facts: Any = json.loads((folder / "embedder.json").read_text())
    except (OSError, ValueError) as error:
        raise EmbedderUnavailable(f"No exported model in {str(folder)!r}.") from error
    if not isinstance(facts, dict) or facts.get("format") != EXPORT_FORMAT:
        raise EmbedderUnavailable(f"The export in {str(folder)!r} has another format.")
    if export_checksums(folder) != facts["sha256"]:
        raise EmbedderUnavailable(f"The export in {str(folder)!r} is damaged.")
    return facts


def export_checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of an export, "" for one that cannot be read."""
    found = {}
    for name in _FILES:
        try:
            with (folder / name).open("rb") as file:
                found[name] = file_digest(file, "sha256").hexdigest()
        except OSError:
            found[name] = ""
    return found
