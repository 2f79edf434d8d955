"""Vectors of texts, by the embedder that searches."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from retrieval.embedder import Embedder
from retrieval.types import Vector
from serve.errors import InvalidRequest, ModelNotFound
from serve.openai_door.bodies import EmbeddingBody

ANY_NAME = "embedder"
"""A name for whichever embedder is configured."""

MOST_TEXTS = 256
MOST_CHARACTERS = 32_000


def embedded(embedder: Embedder, body: EmbeddingBody) -> dict[str, Any]:
    """The vectors of a request's texts, in their order.

    Raises:
        ModelNotFound: It names another embedder.
        InvalidRequest: It is no bounded list of texts, or wants another number of dimensions.
    """
    own = embedder.model
    if body.model not in (own.name, ANY_NAME):
        raise ModelNotFound(
            f"There is no embedding model {body.model[:100]!r}; vectors come from {own.name!r}.",
            advice=f"Ask for it, or for {ANY_NAME!r}, which is whatever is configured.",
        )
    if body.dimensions not in (None, own.dimensions):
        raise InvalidRequest(f"The vectors of {own.name!r} have {own.dimensions} dimensions.")
    texts = _texts(body)
    if body.input_type == "query":
        vectors: Sequence[Vector] = [embedder.embed_query(text) for text in texts]
    else:
        vectors = list(embedder.embed_documents(texts))
    tokens = sum(embedder.count_tokens(texts))
    data = [
        {"object": "embedding", "index": i, "embedding": _coded(vector, body.encoding_format)}
        for i, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": own.name, "usage": usage}


def _texts(body: EmbeddingBody) -> list[str]:
    given = [body.input] if isinstance(body.input, str) else body.input
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) != len(given):
        raise InvalidRequest(
            "The input is tokens, whose tokenizer is unknown here.",
            advice="Send texts (LangChain: check_embedding_ctx_length=False).",
        )
    if not 0 < len(texts) <= MOST_TEXTS:
        raise InvalidRequest(f"There are {len(texts)} texts; a request takes 1 to {MOST_TEXTS}.")
    if not all(0 < len(each) <= MOST_CHARACTERS for each in texts):
        raise InvalidRequest(f"Each text has 1 to {MOST_CHARACTERS} characters.")
    return texts


def _coded(vector: Vector, encoding: str) -> str | list[float]:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
    return [float(each) for each in vector]
