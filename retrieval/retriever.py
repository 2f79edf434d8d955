"""From a question to the chunks that may answer it, inside a scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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

_TRIES = 3
"""Searches for one question at most, where documents are replaced while it is answered."""


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
        hits: tuple[Hit, ...] = ()
        for _ in range(_TRIES):
            hits, is_whole = self._hits(self._fused(vector, words, scope, k, covered), scope, k)
            if is_whole:
                break
            self._indexes.catch_up()
        return Retrieval(
            query=query,
            language=_language(query, languages, spoken),
            covered=covered,
            terms=tuple(words),
            indexed_chunks=len(self._indexes.dense),
            hits=hits,
        )

    def _covers(self, language: str) -> bool:
        return not language or self._embedder.model.covers(language)

    def _fused(
        self,
        vector: Vector,
        words: Sequence[tuple[str, ...]],
        scope: Scope,
        k: int,
        covered: bool,
    ) -> list[Fused]:
        candidates = max(self._options.candidates, k)
        dense_index = self._indexes.dense
        owners: dict[int, int] = {}
        dense: dict[int, float] = {}
        for near in dense_index.search(vector, scope, candidates):
            dense[near.chunk_id] = near.score
            owners[near.chunk_id] = near.document_id
        lexical: dict[int, float] = {}
        for match in self._indexes.lexical.search(words, scope, candidates):
            if dense_index.contains_document(match.document_id):
                lexical[match.chunk_id] = match.score
                owners[match.chunk_id] = match.document_id
        dense |= dense_index.scores(vector, [chunk for chunk in lexical if chunk not in dense])
        by_document = self._indexes.names.scores(words, set(owners.values()))
        names = {chunk: by_document.get(owner, 0.0) for chunk, owner in owners.items()}
        return fuse(dense, lexical, names, self._weights(covered))

    def _weights(self, covered: bool) -> FusionWeights:
        if self._options.weights:
            return self._options.weights
        return FusionWeights(DENSE_WEIGHT_COVERED if covered else DENSE_WEIGHT_UNCOVERED)

    def _hits(self, fused: Sequence[Fused], scope: Scope, k: int) -> tuple[tuple[Hit, ...], bool]:
        """The first ``k`` with their text, and whether none was deleted or replaced meanwhile."""
        hits: list[Hit] = []
        start = gone = 0
        while len(hits) < k and start < len(fused):
            batch = fused[start : start + k]
            stored = self._read([one.chunk_id for one in batch], scope)
            found = [_hit(one, stored[one.chunk_id]) for one in batch if one.chunk_id in stored]
            gone += len(batch) - len(found)
            hits += found
            start += k
        return tuple(hits[:k]), gone == 0

    def _read(self, chunk_ids: Sequence[int], scope: Scope) -> Mapping[int, StoredChunk]:
        with self._database.read() as connection:
            return read_chunks(connection, chunk_ids, scope)

    def with_options(self, options: RetrieverOptions) -> Retriever:
        """The same retriever with other options, over the same indexes."""
        return Retriever(self._database, self._embedder, self._indexes, replace(options))


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
