"""Embedding by an OpenAI-compatible server: ``POST /v1/embeddings`` (vLLM pooling, TEI, ...)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import httpx
import numpy as np

from retrieval.analysis import unspaced_characters
from retrieval.embedder import checked_vectors, encodable
from retrieval.errors import (
    CloisterError,
    EmbedderUnavailable,
    EmbeddingInvalid,
    EmbeddingRefused,
)
from retrieval.types import EmbedderModel, Prefixes, Vector, Vectors

LONGEST_REVISION = 80
_BATCH = 64
_MOST_DIGITS = 9
_CHARACTERS_PER_TOKEN = 3.5
"""A cautious guess for European languages; servers do not agree on a way to count tokens."""

_REFUSED = (
    httpx.codes.BAD_REQUEST,
    httpx.codes.REQUEST_ENTITY_TOO_LARGE,
    httpx.codes.UNPROCESSABLE_ENTITY,
)
"""What servers answer where the texts are to blame; by anything else they are out of order."""


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long a reply is awaited, and how often and long a server that has no time now."""

    reply_seconds: float
    tries: int
    longest_pause: float


_FOR_DOCUMENTS = _Patience(reply_seconds=120.0, tries=4, longest_pause=30.0)
_FOR_A_QUESTION = _Patience(reply_seconds=20.0, tries=3, longest_pause=1.0)
"""Somebody waits for the answer, and holds one of the server's threads."""


@dataclass(frozen=True, slots=True)
class EmbeddingServer:
    """Where the server is, up to its ``/v1``, and how texts are put to it."""

    url: str
    model: str
    key: str = ""
    prefixes: Prefixes = field(default_factory=Prefixes)


def _revision(url: str) -> str:
    """The server itself, in as many characters as a database keeps of it."""
    return url if len(url) <= LONGEST_REVISION else f"sha256:{sha256(url.encode()).hexdigest()}"


class HttpEmbedder:
    """A model behind HTTP; its dimensions are learnt from a first call."""

    def __init__(self, server: EmbeddingServer) -> None:
        """Connect and learn the dimensions.

        Raises:
            EmbedderUnavailable: The server cannot be reached or refuses.
        """
        self._server = server
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        self._client = httpx.Client(
            base_url=server.url.rstrip("/") + "/",
            headers=headers,
            trust_env=False,
        )
        try:
            dimensions = self._dimensions()
        except CloisterError:
            self.close()
            raise
        self.model = EmbedderModel(
            name=server.model,
            revision=_revision(server.url),
            dimensions=dimensions,
            query_prefix=server.prefixes.query,
            document_prefix=server.prefixes.document,
        )

    def _dimensions(self) -> int:
        try:
            dimensions = len(self._request(["dimensions"], _FOR_DOCUMENTS)[0])
        except EmbeddingRefused as error:
            raise self._unavailable(error.message) from error
        if not dimensions:
            raise EmbeddingInvalid("The embedding server gave an empty vector.")
        return dimensions

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def embed_query(self, text: str) -> Vector:
        """See ``Embedder``."""
        rows = self._request([self.model.query_prefix + text], _FOR_A_QUESTION)
        vector: Vector = checked_vectors(rows, 1, self.model.dimensions)[0]
        return vector

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return self._embedded([self.model.document_prefix + text for text in texts])

    def _embedded(self, texts: list[str]) -> Vectors:
        rows = [
            row
            for start in range(0, len(texts), _BATCH)
            for row in self._rows(texts[start : start + _BATCH])
        ]
        if not rows:
            return np.empty((0, self.model.dimensions), np.float32)
        return checked_vectors(rows, len(texts), self.model.dimensions)

    def _rows(self, texts: list[str]) -> list[list[float]]:
        """The rows of texts, fewer at a time where the server takes no more at once."""
        try:
            return self._request(texts, _FOR_DOCUMENTS)
        except EmbeddingRefused:
            if len(texts) == 1:
                raise
        half = len(texts) // 2
        return self._rows(texts[:half]) + self._rows(texts[half:])

    def _request(self, texts: list[str], patience: _Patience) -> list[list[float]]:
        body = {
            "model": self._server.model,
            "input": [encodable(text) for text in texts],
            "encoding_format": "float",
        }
        for attempt in range(patience.tries):
            try:
                response = self._client.post(
                    "embeddings", json=body, timeout=patience.reply_seconds
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._unavailable(repr(error)) from error
            if response.status_code not in (429, 503) or attempt == patience.tries - 1:
                break
            time.sleep(_pause(response, attempt, patience.longest_pause))
        told = f"status {response.status_code}: {response.text[:300]}"
        if response.status_code in _REFUSED:
            raise EmbeddingRefused(
                f"The embedding server {self._server.url!r} does not take the text ({told}).",
                advice="Raise the length of text that it takes, or choose another model.",
            )
        if response.status_code != httpx.codes.OK:
            raise self._unavailable(told)
        return _rows(response, len(texts))

    def _unavailable(self, reason: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(
            f"The embedding server {self._server.url!r} gave no vectors ({reason}).",
            advice="Check that it runs, that the model's name is right, and the key.",
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate; see ``Embedder``."""
        return [_estimated_tokens(text) for text in texts]


def _estimated_tokens(text: str) -> int:
    unspaced = unspaced_characters(text)
    others = len(text) - unspaced
    return unspaced + (int(others / _CHARACTERS_PER_TOKEN) + 1 if others else 0)


def _pause(response: httpx.Response, attempt: int, longest: float) -> float:
    """Seconds until the next try: what the server asks for, if it says so in seconds."""
    wanted = response.headers.get("Retry-After", "")
    is_number = wanted.isdecimal() and wanted.isascii() and len(wanted) <= _MOST_DIGITS
    return min(float(int(wanted) if is_number else 2**attempt), longest)


def _rows(response: httpx.Response, count: int) -> list[list[float]]:
    try:
        data = sorted(response.json()["data"], key=lambda item: int(item["index"]))
        rows = [[float(number) for number in item["embedding"]] for item in data]
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddingInvalid("The embedding server's reply is not in OpenAI's shape.") from error
    if len(rows) != count:
        raise EmbeddingInvalid(f"The embedding server gave {len(rows)} vectors for {count} texts.")
    return rows
