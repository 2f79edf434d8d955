"""The dense index: inner products of embeddings, in memory, for a scope.

An immutable main part, a flat tail of what was added since, and dead rows that wait for the next
merge. All of it hangs on one frozen value that is exchanged by reference, because a FAISS index
must not be searched while it changes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retrieval.document_rows import DocumentRows, Ids, Mask
from retrieval.errors import EmbeddingInvalid
from retrieval.faiss_tiers import (
    Found,
    MainPart,
    Tiers,
    Vector,
    build_main,
    empty_main,
    inner_products,
    use_threads,
)
from retrieval.inverted_lists import BuildStopped, Division, Half
from retrieval.types import Scope

_FIRST_CAPACITY = 256


@dataclass(frozen=True, slots=True)
class DenseHit:
    """A chunk found, with the inner product of its vector and the query's."""

    chunk_id: int
    document_id: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Rows added since the last merge; only the first ``rows`` count, as in ``DocumentRows``.

    ``vectors`` has shape (capacity, dimensions) and holds float16 values as float32.
    """

    chunk_ids: Ids
    vectors: NDArray[np.float32]
    rows: int

    @classmethod
    def of(cls, chunk_ids: Ids, vectors: NDArray[np.float32]) -> Self:
        """A tail of the given rows."""
        return cls(chunk_ids, vectors, len(chunk_ids))

    def with_rows(self, chunk_ids: Ids, vectors: NDArray[np.float32]) -> Self:
        """The same and some more rows. Only the newest tail may be appended to."""
        rows = self.rows + len(chunk_ids)
        ids, all_vectors = self.chunk_ids, self.vectors
        if rows > len(ids):
            capacity = max(_FIRST_CAPACITY, 2 * self.rows, rows)
            ids = np.zeros(capacity, np.int64)
            all_vectors = np.zeros((capacity, self.vectors.shape[1]), np.float32)
            ids[: self.rows] = self.chunk_ids[: self.rows]
            all_vectors[: self.rows] = self.vectors[: self.rows]
        ids[self.rows : rows] = chunk_ids
        all_vectors[self.rows : rows] = vectors
        return replace(self, chunk_ids=ids, vectors=all_vectors, rows=rows)

    def search(self, query: Vector, k: int, mask: Mask | None) -> Found:
        """The ``k`` best allowed rows, exactly."""
        scores = inner_products(query, self.vectors[: self.rows])
        rows = np.arange(self.rows) if mask is None else np.flatnonzero(mask)
        if len(rows) > k:
            rows = rows[np.argpartition(-scores[rows], k - 1)[:k]]
        return Found(rows, scores[rows])


@dataclass(frozen=True, slots=True, eq=False)
class DenseState:
    """Everything a search needs, frozen: rows of the main part first, then those of the tail."""

    main: MainPart
    tail: Tail
    rows: DocumentRows

    @property
    def dead(self) -> int:
        """Rows of removed documents."""
        return self.rows.count(~self.rows.living)

    def chunk_ids_at(self, rows: Ids) -> Ids:
        """The chunk of each row."""
        in_tail = rows >= len(self.main)
        ids = np.empty(len(rows), np.int64)
        ids[~in_tail] = self.main.chunk_ids[rows[~in_tail]]
        ids[in_tail] = self.tail.chunk_ids[rows[in_tail] - len(self.main)]
        return ids


class DenseIndex:
    """Embeddings of whole documents, searched by inner product.

    Any number of threads may search while one adds and removes and another merges.
    """

    def __init__(self, dimensions: int, tiers: Tiers | None = None) -> None:
        self.dimensions = dimensions
        self.tiers = tiers or Tiers()
        tail = Tail.of(np.zeros(0, np.int64), np.zeros((0, dimensions), np.float32))
        self._state = DenseState(empty_main(dimensions), tail, DocumentRows.empty())
        self._applying = threading.Lock()
        self._merging = threading.Lock()
        self._stopping = threading.Event()

    @classmethod
    def of_state(cls, dimensions: int, state: DenseState, tiers: Tiers | None = None) -> Self:
        """An index that goes on from ``state``, which nothing else appends to."""
        index = cls(dimensions, tiers)
        index._state = state
        return index

    @property
    def state(self) -> DenseState:
        """What the index holds at this moment."""
        return self._state

    def __len__(self) -> int:
        rows = self._state.rows
        return rows.count(rows.living)

    def documents(self) -> set[int]:
        """The ids of the documents that are there, those without chunks too."""
        rows = self._state.rows
        return set(rows.documents[rows.living].tolist())

    def contains_document(self, document_id: int) -> bool:
        """Whether the document was added and not removed since."""
        return self._state.rows.contains(document_id)

    def add(
        self,
        document_id: int,
        collection_id: int,
        chunk_ids: Sequence[int],
        vectors: NDArray[np.float32] | Half,
    ) -> None:
        """Add a whole document, in place of an earlier one of that id.

        ``vectors`` has shape (chunks, dimensions), rows of length 1; they are kept as float16.
        Raises ``EmbeddingInvalid`` where they have another shape or are not finite.
        """
        half = self._checked(vectors, len(chunk_ids))
        ids = np.asarray(chunk_ids, np.int64)
        with self._applying:
            state = self._state
            rows = state.rows.without_document(document_id)
            self._state = DenseState(
                state.main,
                state.tail.with_rows(ids, half.astype(np.float32)),
                rows.with_document(document_id, collection_id, len(ids)),
            )

    def remove_document(self, document_id: int) -> None:
        """Remove a document with its chunks; one that is not there is left alone."""
        with self._applying:
            state = self._state
            self._state = replace(state, rows=state.rows.without_document(document_id))

    def search(self, query: Vector, scope: Scope, k: int) -> list[DenseHit]:
        """The ``k`` best chunks inside ``scope``, by falling score and then rising chunk id.

        ``query`` has shape (dimensions,) and length 1. Fewer come back only where the scope holds
        fewer. Raises ``EmbeddingInvalid`` for a query of another shape.
        """
        state, query = self._state, self._checked_query(query)
        blocks = state.rows.inside(scope)
        if k <= 0 or not blocks.any():
            return []
        mask = None if blocks.all() else state.rows.mask(blocks)
        split = len(state.main)
        main = state.main.search(query, k, None if mask is None else mask[:split], self.tiers)
        tail = state.tail.search(query, k, None if mask is None else mask[split:])
        rows = np.concatenate([main.rows, tail.rows + split])
        scores = np.concatenate([main.scores, tail.scores])
        return _hits(state, rows, scores)[:k]

    def scores(self, query: Vector, chunk_ids: Sequence[int]) -> dict[int, float]:
        """The inner products of those of the chunks that are there, exactly."""
        state, query = self._state, self._checked_query(query)
        wanted = np.unique(np.asarray(chunk_ids, np.int64))
        main_rows = _living(state, state.main.positions(wanted))
        in_tail = np.flatnonzero(np.isin(state.tail.chunk_ids[: state.tail.rows], wanted))
        tail_rows = _living(state, in_tail + len(state.main)) - len(state.main)
        ids = np.concatenate([state.main.chunk_ids[main_rows], state.tail.chunk_ids[tail_rows]])
        vectors = np.concatenate([state.main.vectors[main_rows], state.tail.vectors[tail_rows]])
        products = inner_products(query, vectors.astype(np.float32))
        return dict(zip(ids.tolist(), products.tolist(), strict=True))

    @property
    def needs_merge(self) -> bool:
        """Whether the tail or the dead rows have grown so far that ``merge`` pays."""
        state, tiers = self._state, self.tiers
        long = state.tail.rows > max(tiers.tail_rows, tiers.tail_share * len(state.main))
        return long or state.dead > tiers.dead_share * max(1, state.rows.total)

    def merge(self, threads: int = 1) -> None:
        """Build a new main part from all living rows and exchange it for the old one.

        Searches, adds and removes go on meanwhile; what they change stays in the new tail and the
        dead rows. Lists are trained anew only where the size has much changed: a million rows of
        384 take a thread some minutes then, else some seconds.
        """
        with self._merging:
            use_threads(threads)
            before = self._state
            living = before.rows.living.copy()
            try:
                main = self._built_main(before)
            except BuildStopped:
                return
            with self._applying:
                self._state = _rebased(self._state, before, living, main)

    def _built_main(self, state: DenseState) -> MainPart:
        self._check_wanted()
        ids, vectors = _living_rows(state)
        return build_main(ids, vectors, self.tiers, _division(state), self._check_wanted)

    def stop_merging(self) -> None:
        """Have a merge end within a second, without effect; later ones do nothing either."""
        self._stopping.set()

    def _check_wanted(self) -> None:
        if self._stopping.is_set():
            raise BuildStopped

    def _checked(self, vectors: NDArray[np.float32] | Half, rows: int) -> Half:
        if vectors.shape != (rows, self.dimensions):
            expected = (rows, self.dimensions)
            raise EmbeddingInvalid(f"The vectors have shape {vectors.shape}, not {expected}.")
        with np.errstate(over="ignore"):
            half = vectors.astype(np.float16)
        if not np.isfinite(half).all():
            raise EmbeddingInvalid("A vector is not finite.")
        return half

    def _checked_query(self, query: Vector) -> Vector:
        if query.shape != (self.dimensions,):
            expected = (self.dimensions,)
            raise EmbeddingInvalid(f"The query has shape {query.shape}, not {expected}.")
        return np.ascontiguousarray(query, np.float32)


def _hits(state: DenseState, rows: Ids, scores: Vector) -> list[DenseHit]:
    chunk_ids = state.chunk_ids_at(rows)
    documents = state.rows.documents[state.rows.blocks_of(rows)]
    order = np.lexsort((chunk_ids, -scores))
    return [
        DenseHit(chunk_id, document_id, score)
        for chunk_id, document_id, score in zip(
            chunk_ids[order].tolist(),
            documents[order].tolist(),
            scores[order].tolist(),
            strict=True,
        )
    ]


def _living(state: DenseState, rows: Ids) -> Ids:
    return rows[state.rows.living[state.rows.blocks_of(rows)]]


def _living_rows(state: DenseState) -> tuple[Ids, Half]:
    """The chunk ids and vectors of all living rows, in order."""
    mask = state.rows.mask(state.rows.living)
    main, tail = mask[: len(state.main)], mask[len(state.main) :]
    ids = [state.main.chunk_ids[main], state.tail.chunk_ids[: state.tail.rows][tail]]
    tail_vectors = state.tail.vectors[: state.tail.rows][tail].astype(np.float16)
    return np.concatenate(ids), np.concatenate([state.main.vectors[main], tail_vectors])


def _division(state: DenseState) -> Division | None:
    """The lists that the living rows of the main part are in, if it has lists."""
    return state.main.division(state.rows.mask(state.rows.living)[: len(state.main)])


def _rebased(now: DenseState, before: DenseState, living: Mask, main: MainPart) -> DenseState:
    """``now`` on top of ``main``, which was built from the ``living`` blocks of ``before``."""
    kept = np.ones(now.rows.blocks, np.bool_)
    kept[: before.rows.blocks] = living
    rows = DocumentRows.of(
        now.rows.documents[kept],
        now.rows.collections[kept],
        now.rows.lengths[kept],
        now.rows.living[kept],
    )
    added = slice(before.tail.rows, now.tail.rows)
    tail = Tail.of(now.tail.chunk_ids[added].copy(), now.tail.vectors[added].copy())
    return DenseState(main, tail, rows)
