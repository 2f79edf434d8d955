"""The same model on onnxruntime: exported once from its weights, then there without torch.

It starts in under a second where torch takes several, and takes a third of the memory; on a
processor without bf16 it also embeds as fast (``make bench`` prints both).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from retrieval.embedder import checked_vectors, encodable
from retrieval.errors import EmbedderUnavailable
from retrieval.sentence_transformer import SPECIAL_TOKENS
from retrieval.types import EmbedderModel, Vector, Vectors

log = logging.getLogger(__name__)

_FORMAT = 3
_FILES = ("model.onnx", "tokenizer.json")
_BATCH_CHARACTERS = 1_400
"""About 300 tokens, whose activations stay in a core's cache: a fifth faster than eight chunks."""

_LEAST_COSINE = 0.999
_PROBES = (
    "What is the notice period?",
    "Le préavis est de trois mois.",
    "One sentence follows another until the text is long. " * 40,
    "§ 4.2",
)


class OnnxEmbedder:
    """An exported model read from its folder."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Load an export.

        Raises:
            EmbedderUnavailable: The folder holds no export that this release reads.
        """
        import onnxruntime

        facts = _read_facts(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                folder / "model.onnx", options, providers=["CPUExecutionProvider"]
            )
        except (onnxruntime.capi.onnxruntime_pybind11_state.Fail, OSError) as error:
            raise EmbedderUnavailable(f"The export in {str(folder)!r} cannot be read.") from error
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_padding()
        self.model = EmbedderModel(
            **{**facts["model"], "languages": frozenset(facts["model"]["languages"])}
        )
        self._tokenizer.enable_truncation(self.model.window + SPECIAL_TOKENS)

    def embed_query(self, text: str) -> Vector:
        """See ``Embedder``."""
        vector: Vector = self._embedded([self.model.query_prefix + text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return self._embedded([self.model.document_prefix + text for text in texts])

    def _embedded(self, texts: list[str]) -> Vectors:
        raw = np.empty((len(texts), self.model.dimensions), np.float32)
        for batch in _batches(texts):
            raw[batch] = self._forward([texts[i] for i in batch])
        return checked_vectors(raw, len(texts), self.model.dimensions)

    def _forward(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch([encodable(text) for text in texts])
        inputs = {
            "input_ids": np.array([encoding.ids for encoding in encodings]),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
        }
        vectors: Vectors = self._session.run(None, inputs)[0]
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Embedder``."""
        encodings = self._counter.encode_batch(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [len(encoding) for encoding in encodings]


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """The places of the texts, those of like length together so that little is padded."""
    batch: list[int] = []
    for i in sorted(range(len(texts)), key=lambda i: len(texts[i])):
        if batch and (len(batch) + 1) * len(texts[i]) > _BATCH_CHARACTERS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _read_facts(folder: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((folder / "embedder.json").read_text())
    except (OSError, ValueError) as error:
        raise EmbedderUnavailable(f"No exported model in {str(folder)!r}.") from error
    if facts.get("format") != _FORMAT:
        raise EmbedderUnavailable(f"The export in {str(folder)!r} has another format.")
    if _checksums(folder) != facts["sha256"]:
        raise EmbedderUnavailable(f"The export in {str(folder)!r} is damaged.")
    return facts


def _checksums(folder: Path) -> dict[str, str]:
    found = {}
    for name in _FILES:
        try:
            with (folder / name).open("rb") as file:
                found[name] = file_digest(file, "sha256").hexdigest()
        except OSError:
            found[name] = ""
    return found


def export_onnx(name: str, folder: Path, *, hub: bool = False) -> None:
    """Export a sentence-transformers model into a folder, all of it or nothing.

    Raises:
        EmbedderUnavailable: The model is of a kind that onnxruntime does not reproduce.
    """
    import torch

    from retrieval.sentence_transformer import SentenceTransformerEmbedder

    original = SentenceTransformerEmbedder(name, hub=hub)
    original.transformer.float()
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    try:
        _write_export(original, temporary)
        _require_same_vectors(original, OnnxEmbedder(temporary))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except (RuntimeError, TypeError, AttributeError, torch.onnx.errors.OnnxExporterError) as error:
        raise EmbedderUnavailable(f"The model {name!r} cannot be exported: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_export(original: Any, folder: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        """All modules of the transformer as one graph of token ids."""

        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = torch.nn.ModuleList(original.transformer)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for module in self.modules_in_order:
                features = module(features)
            return features["sentence_embedding"]

    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Pooled().eval(),
        (ids, ids),
        str(folder / "model.onnx"),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    original.transformer.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    model = {**asdict(original.model), "languages": sorted(original.model.languages)}
    facts = {"format": _FORMAT, "model": model, "sha256": _checksums(folder)}
    (folder / "embedder.json").write_text(json.dumps(facts))


def _require_same_vectors(original: Any, exported: OnnxEmbedder) -> None:
    expected, got = (embedder.embed_documents(_PROBES) for embedder in (original, exported))
    cosine = float((expected * got).sum(axis=1).min())
    if cosine < _LEAST_COSINE:
        raise EmbedderUnavailable(f"The export differs from the model: cosine {cosine:.4f}.")
