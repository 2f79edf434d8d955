"""From a question to the chunks that may answer it, inside a scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from retrieval.analysis import query_terms
from retrieval.contents import read_chunks
from retrieval.database import Database
from retrieval.embedder import Embedder
from retrieval.fusion import (
    DENSE_WEIGHT_COVERED,
    DENSE_WEIGHT_UNCOVERED,
    Fused,
    FusionWeights,
    fuse,
)
from retrieval.indexes import Indexes
from retrieval.question_language import Expected, question_language
from retrieval.types import Hit, Scope, StoredChunk, Vector

CANDIDATES = 100
"""How many chunks each search contributes to the fusion."""

_FREE_TRIES = 2
"""Searches for one question where documents are replaced meanwhile; the next has them held."""

QUESTION_LANGUAGES = frozenset({"en", "fr", "de", "es", "it", "pt", "nl", "hi", "th"})
"""Languages that a question may have, beside those of the documents."""


@dataclass(frozen=True, slots=True)
class RetrieverOptions:
    """The weights of the fusion; None takes them by the question's language."""

    weights: FusionWeights | None = None
    candidates: int = CANDIDATES


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits for a question, best first, and what was found out about the question.

    ``language`` is the question's own; ``covered`` says whether the embedder was trained for the
    language of the documents that the question is nearest to. ``terms`` are the variants of each
    of its words, ``indexed_chunks`` is the size of the whole index.
    """

    query: str
    language: str
    covered: bool
    terms: tuple[tuple[str, ...], ...]
    indexed_chunks: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is searched for: ``k`` chunks of the scope, near the vector or holding the words."""

    vector: Vector
    words: Sequence[tuple[str, ...]]
    scope: Scope
    k: int
    covered: bool


class Retriever:
    """Hybrid retrieval over one database."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        indexes: Indexes,
        options: RetrieverOptions | None = None,
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._indexes = indexes
        self._options = options or RetrieverOptions()

    def retrieve(self, query: str, scope: Scope, k: int, spoken: str = "") -> Retrieval:
        """The ``k`` best chunks inside the scope; fewer only if the scope holds fewer.

        The scope limits both searches before their top k, and is applied again when the text is
        read. A query whose words do not tell its language is in the one that is ``spoken`` in its
        conversation, or else in one of the documents.
        """
        self._indexes.catch_up()
        languages = self._indexes.languages(scope)
        covered = self._covers(question_language(query, languages) if languages else "")
        words = query_terms(query, languages)
        vector = self._embedder.embed_query(query)
        return Retrieval(
            query=query,
            language=_language(query, languages, spoken),
            covered=covered,
            terms=tuple(words),
            indexed_chunks=len(self._indexes.dense),
            hits=self._hits(_Asked(vector, words, scope, k, covered)),
        )

    def _covers(self, language: str) -> bool:
        return not language or self._embedder.model.covers(language)

    def _hits(self, asked: _Asked) -> tuple[Hit, ...]:
        for _ in range(_FREE_TRIES):
            fused = self._fused(asked)
            with self._database.read() as connection:
                found, is_whole = _first(fused, asked, connection)
            if is_whole:
                return found
            self._indexes.catch_up()
        with self._indexes.held() as connection:
            found, _ = _first(self._fused(asked), asked, connection)
        return found

    def _fused(self, asked: _Asked) -> list[Fused]:
        candidates = max(self._options.candidates, asked.k)
        dense_index = self._indexes.dense
        owners: dict[int, int] = {}
        dense: dict[int, float] = {}
        for near in dense_index.search(asked.vector, asked.scope, candidates):
            dense[near.chunk_id] = near.score
            owners[near.chunk_id] = near.document_id
        lexical: dict[int, float] = {}
        for match in self._indexes.lexical.search(asked.words, asked.scope, candidates):
            if dense_index.contains_document(match.document_id):
                lexical[match.chunk_id] = match.score
                owners[match.chunk_id] = match.document_id
        dense |= dense_index.scores(
            asked.vector, [chunk for chunk in lexical if chunk not in dense]
        )
        by_document = self._indexes.names.scores(asked.words, set(owners.values()))
        names = {chunk: by_document.get(owner, 0.0) for chunk, owner in owners.items()}
        return fuse(dense, lexical, names, self._weights(asked.covered))

    def _weights(self, covered: bool) -> FusionWeights:
        if self._options.weights:
            return self._options.weights
        return FusionWeights(DENSE_WEIGHT_COVERED if covered else DENSE_WEIGHT_UNCOVERED)

    def with_options(self, options: RetrieverOptions) -> Retriever:
        """The same retriever with other options, over the same indexes."""
        return Retriever(self._database, self._embedder, self._indexes, replace(options))


def _first(
    fused: Sequence[Fused], asked: _Asked, connection: Connection
) -> tuple[tuple[Hit, ...], bool]:
    """The best with their text, and whether none was deleted or replaced meanwhile."""
    k = asked.k
    hits: list[Hit] = []
    start = gone = 0
    while len(hits) < k and start < len(fused):
        batch = fused[start : start + k]
        stored = read_chunks(connection, [one.chunk_id for one in batch], asked.scope)
        found = [_hit(one, stored[one.chunk_id]) for one in batch if one.chunk_id in stored]
        gone += len(batch) - len(found)
        hits += found
        start += k
    return tuple(hits[:k]), gone == 0


def _language(query: str, languages: Sequence[str], spoken: str) -> str:
    documents = Expected.over_documents(languages)
    expected = Expected.in_conversation(spoken) if spoken else documents
    among = {*languages, *QUESTION_LANGUAGES, *expected.languages}
    return question_language(query, among, expected)


def _hit(fused: Fused, stored: StoredChunk) -> Hit:
    return Hit(
        stored=stored,
        score=fused.score,
        dense_score=fused.dense_score,
        dense_rank=fused.dense_rank,
        lexical_score=fused.lexical_score,
        lexical_rank=fused.lexical_rank,
        name_score=fused.name_score,
    )
