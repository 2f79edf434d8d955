"""Text to vectors: the seam, its checks, and a deterministic embedder that needs no model.

Implementations: ``HashEmbedder`` here, ``sentence_transformer.SentenceTransformerEmbedder``,
``openvino_embedder.OpenVinoEmbedder`` and ``http_embedder.HttpEmbedder``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from retrieval.errors import EmbeddingInvalid
from retrieval.types import EmbedderModel, Vector, Vectors


class Embedder(Protocol):
    """Makes unit vectors of texts; safe to call from several threads."""

    @property
    def model(self) -> EmbedderModel:
        """Which model this is."""

    def embed_query(self, text: str) -> Vector:
        """The vector of a question."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages, one row each."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of the model each text takes, without the ones put around it."""


def checked_vectors(raw: ArrayLike, count: int, dimensions: int) -> Vectors:
    """Raw vectors scaled to length 1.

    Raises:
        EmbeddingInvalid: The shape is not (count, dimensions), or a vector is zero or not finite.
    """
    try:
        with np.errstate(over="ignore"):
            vectors = np.asarray(raw, np.float32)
    except ValueError as error:
        raise EmbeddingInvalid("The embedder returned rows of different lengths.") from error
    if vectors.shape != (count, dimensions):
        raise EmbeddingInvalid(
            f"The embedder returned shape {vectors.shape}, expected {(count, dimensions)}."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise EmbeddingInvalid("The embedder returned a vector that is zero or not finite.")
    unit: Vectors = vectors / lengths
    return unit


def encodable(text: str) -> str:
    """The text with lone surrogates replaced: neither tokenizers nor HTTP can carry them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_WORD = re.compile(r"\w+|[^\w\s]")


class HashEmbedder:
    """Counts of hashed words as vectors: the same everywhere, loaded at once, blind to meaning."""

    def __init__(self, dimensions: int = 256) -> None:
        self.model = EmbedderModel("hash", "1", dimensions)

    def embed_query(self, text: str) -> Vector:
        """See ``Embedder``."""
        vector: Vector = self.embed_documents([text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        raw = np.zeros((len(texts), self.model.dimensions), np.float32)
        for row, text in zip(raw, texts, strict=True):
            for word in _WORD.findall(text.casefold()) or [""]:
                digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                row[int.from_bytes(digest[:4]) % self.model.dimensions] += (
                    1 if digest[4] & 1 else -1
                )
            if not row.any():
                row[0] = 1
        return checked_vectors(raw, len(texts), self.model.dimensions)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See ``Embedder``."""
        return [len(_WORD.findall(text)) for text in texts]
