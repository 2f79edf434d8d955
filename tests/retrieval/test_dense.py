from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from retrieval.dense import DenseHit, DenseIndex
from retrieval.errors import EmbeddingInvalid
from retrieval.faiss_tiers import Tier, Tiers
from retrieval.types import Scope

DIMENSIONS = 16
ALL = Scope(collections=frozenset(range(4)))
IVF = Tiers(ivf_from=500, nprobe=8, exact_rows=100)
IVF_SQ8 = Tiers(ivf_from=500, sq8_from=600, nprobe=8, exact_rows=100)


def unit_vectors(rows: int, seed: int, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """Clustered directions, as embeddings are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((40, dimensions))
    vectors = centres[rng.integers(0, 40, rows)] + 0.4 * rng.standard_normal((rows, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


@dataclass
class Oracle:
    """Brute force over the same documents."""

    documents: dict[int, tuple[int, dict[int, NDArray[np.float32]]]] = field(default_factory=dict)

    def search(self, query: NDArray[np.float32], scope: Scope, k: int) -> list[tuple[float, int]]:
        scored = [
            (float(vector @ query), chunk_id)
            for document_id, (collection_id, chunks) in self.documents.items()
            if scope.allows(collection_id, document_id)
            for chunk_id, vector in chunks.items()
        ]
        return sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:k]

    def owner(self, chunk_id: int) -> int:
        return next(d for d, (_, chunks) in self.documents.items() if chunk_id in chunks)


@dataclass
class Pair:
    """An index and its oracle, fed alike."""

    index: DenseIndex
    oracle: Oracle = field(default_factory=Oracle)
    next_chunk: int = 1

    def add(self, document_id: int, collection_id: int, rows: int, seed: int) -> None:
        vectors = unit_vectors(rows, seed)
        ids = list(range(self.next_chunk, self.next_chunk + rows))
        self.next_chunk += rows
        self.index.add(document_id, collection_id, ids, vectors)
        self.oracle.documents[document_id] = (collection_id, dict(zip(ids, vectors, strict=True)))

    def remove(self, document_id: int) -> None:
        self.index.remove_document(document_id)
        self.oracle.documents.pop(document_id, None)

    def check_exact(self, query: NDArray[np.float32], scope: Scope, k: int) -> None:
        hits, expected = self.index.search(query, scope, k), self.oracle.search(query, scope, k)
        assert [h.score for h in hits] == pytest.approx([s for s, _ in expected], abs=2e-6)
        assert all(self.oracle.owner(hit.chunk_id) == hit.document_id for hit in hits)
        every = {i: s for s, i in self.oracle.search(query, scope, 10**6)}
        assert all(every[hit.chunk_id] == pytest.approx(hit.score, abs=2e-6) for hit in hits)

    def recall(self, queries: Iterable[NDArray[np.float32]], scope: Scope, k: int = 10) -> float:
        shares = []
        for query in queries:
            expected = {chunk_id for _, chunk_id in self.oracle.search(query, scope, k)}
            found = {hit.chunk_id for hit in self.index.search(query, scope, k)}
            assert len(found) == len(expected)
            shares.append(len(found & expected) / max(1, len(expected)))
        return float(np.mean(shares))


def filled(tiers: Tiers, documents: int = 200, rows: int = 5) -> Pair:
    pair = Pair(DenseIndex(DIMENSIONS, tiers))
    for document_id in range(documents):
        pair.add(document_id, document_id % 4, rows, seed=document_id)
    return pair


class DenseIndexAgainstOracle(RuleBasedStateMachine):
    """Random adds, removes, merges and searches; every answer is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(DenseIndex(DIMENSIONS, Tiers(tail_rows=20)))
        self.seed = 0

    @rule(document=st.integers(0, 12), collection=st.integers(0, 3), rows=st.integers(0, 9))
    def add(self, document: int, collection: int, rows: int) -> None:
        self.seed += 1
        self.pair.add(document, collection, rows, self.seed)

    @rule(document=st.integers(0, 14))
    def remove(self, document: int) -> None:
        self.pair.remove(document)

    @rule()
    def merge(self) -> None:
        self.pair.index.merge()
        assert not self.pair.index.needs_merge

    @rule(
        collections=st.frozensets(st.integers(0, 5)),
        documents=st.frozensets(st.integers(0, 14)),
        k=st.integers(0, 40),
    )
    def search(self, collections: frozenset[int], documents: frozenset[int], k: int) -> None:
        self.seed += 1
        query = unit_vectors(1, self.seed)[0]
        self.pair.check_exact(query, Scope(collections, documents), k)

    @rule()
    def score(self) -> None:
        query = unit_vectors(1, 7)[0]
        expected = {i: s for s, i in self.pair.oracle.search(query, ALL, 10**6)}
        found = self.pair.index.scores(query, list(range(self.pair.next_chunk + 5)))
        assert found == pytest.approx(expected, abs=2e-6)

    @invariant()
    def same_documents(self) -> None:
        documents = self.pair.oracle.documents
        assert self.pair.index.documents() == set(documents)
        assert len(self.pair.index) == sum(len(chunks) for _, chunks in documents.values())
        assert all(self.pair.index.contains_document(i) == (i in documents) for i in range(15))


TestDenseIndexAgainstOracle = DenseIndexAgainstOracle.TestCase
TestDenseIndexAgainstOracle.settings = settings(
    deadline=None, max_examples=60, stateful_step_count=30
)


@pytest.mark.parametrize(("tiers", "tier"), [(IVF, Tier.IVF), (IVF_SQ8, Tier.IVF_SQ8)])
def test_lists_find_nearly_everything_under_any_filter(tiers: Tiers, tier: Tier) -> None:
    pair = filled(tiers, documents=300, rows=8)
    pair.index.merge()
    assert pair.index.state.main.tier is tier
    pair.add(1000, 1, 40, seed=5000)
    for document_id in range(0, 60, 3):
        pair.remove(document_id)
    queries = unit_vectors(40, 9)
    for scope in (
        ALL,
        Scope(frozenset({1})),
        Scope(documents=frozenset(range(100, 104))),
        Scope(frozenset({2}), frozenset(range(50))),
        Scope(documents=frozenset(range(0, 300, 7))),
        Scope(frozenset({1, 2}), excluded=frozenset(range(0, 300, 3))),
    ):
        assert pair.recall(queries, scope) >= 0.95


def test_a_scope_spread_over_all_lists_still_fills_the_top_k() -> None:
    pair = filled(Tiers(ivf_from=100, nprobe=1, exact_rows=0), documents=200)
    pair.index.merge()
    scope = Scope(documents=frozenset(range(0, 200, 10)))
    assert len(pair.index.search(unit_vectors(1, 3)[0], scope, 100)) == 100
    assert len(pair.index.search(unit_vectors(1, 3)[0], ALL, 2000)) == 1000


def test_a_small_scope_is_exact_beside_lists() -> None:
    pair = filled(Tiers(ivf_from=100, nprobe=1, exact_rows=500), documents=200)
    pair.index.merge()
    for seed in range(20):
        pair.check_exact(unit_vectors(1, seed)[0], Scope(documents=frozenset(range(90))), 20)


def test_an_empty_scope_or_index_finds_nothing() -> None:
    query = unit_vectors(1, 1)[0]
    assert DenseIndex(DIMENSIONS).search(query, ALL, 5) == []
    pair = filled(Tiers(), documents=3)
    assert pair.index.search(query, Scope(), 5) == []
    assert pair.index.search(query, Scope(frozenset({77}), frozenset({-1, 2**63})), 5) == []
    assert pair.index.scores(query, []) == {}


def test_equal_scores_come_by_chunk_id() -> None:
    index = DenseIndex(DIMENSIONS)
    vector = unit_vectors(1, 1)
    index.add(1, 0, [9, 3], np.repeat(vector, 2, axis=0))
    index.merge()
    index.add(2, 0, [5], vector)
    hits = index.search(vector[0], ALL, 3)
    assert [(hit.chunk_id, hit.document_id) for hit in hits] == [(3, 1), (5, 2), (9, 1)]


def test_merge_is_due_after_enough_adds_or_removes() -> None:
    pair = Pair(DenseIndex(DIMENSIONS, Tiers(tail_rows=50)))
    pair.add(1, 0, 50, seed=1)
    assert not pair.index.needs_merge
    pair.add(2, 0, 1, seed=2)
    assert pair.index.needs_merge
    pair.index.merge()
    assert not pair.index.needs_merge
    pair.remove(1)
    assert pair.index.needs_merge
    pair.index.merge()
    assert len(pair.index.state.main) == 1


def test_removed_vectors_are_gone_after_a_merge() -> None:
    pair = filled(Tiers(), documents=10)
    pair.index.merge()
    pair.remove(4)
    pair.index.merge()
    state = pair.index.state
    assert state.rows.total == len(state.main) == 45
    assert 4 not in state.rows.documents


@pytest.mark.parametrize("tiers", [IVF, IVF_SQ8])
def test_merge_after_merge_finds_as_much(tiers: Tiers) -> None:
    pair = filled(tiers, documents=150, rows=8)
    for turn in range(12):
        pair.index.merge()
        for number in range(10):
            pair.add(1000 + 10 * turn + number, number % 4, 8, seed=5000 + 10 * turn + number)
            pair.remove(10 * turn + number)
    pair.index.merge()
    assert pair.recall(unit_vectors(40, 9), ALL) >= 0.95
    assert pair.recall(unit_vectors(40, 9), Scope(frozenset({1}))) >= 0.95


def test_a_merge_that_is_not_wanted_any_more_changes_nothing() -> None:
    pair = filled(IVF)
    pair.index.merge()
    pair.add(1000, 1, 40, seed=5000)
    before = pair.index.state
    pair.index.stop_merging()
    pair.index.merge()
    assert pair.index.state is before


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((2, DIMENSIONS + 1), np.float32),
        np.zeros((3, DIMENSIONS), np.float32),
        np.zeros(DIMENSIONS, np.float32),
        np.full((2, DIMENSIONS), np.nan, np.float32),
        np.full((2, DIMENSIONS), 1e30, np.float32),
    ],
)
def test_unfit_vectors_are_refused(vectors: NDArray[np.float32]) -> None:
    index = DenseIndex(DIMENSIONS)
    with pytest.raises(EmbeddingInvalid):
        index.add(1, 0, [1, 2], vectors)
    assert index.documents() == set()


def test_unfit_query_is_refused() -> None:
    with pytest.raises(EmbeddingInvalid):
        DenseIndex(DIMENSIONS).search(np.zeros(3, np.float32), ALL, 1)


@dataclass
class Searching:
    """Searches again and again and keeps what must not be."""

    pair: Pair
    queries: NDArray[np.float32]
    stop: threading.Event = field(default_factory=threading.Event)
    failures: list[list[DenseHit]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stable = Scope(documents=frozenset(range(100)))
        self.allowed = {i for _, i in self.pair.oracle.search(self.queries[0], self.stable, 10**6)}

    def search(self) -> None:
        while not self.stop.is_set():
            for query in self.queries:
                inside = self.pair.index.search(query, self.stable, 20)
                if len(inside) != 20 or not {hit.chunk_id for hit in inside} <= self.allowed:
                    self.failures.append(inside)
                everywhere = self.pair.index.search(query, ALL, 20)
                if len({hit.chunk_id for hit in everywhere}) != 20:
                    self.failures.append(everywhere)

    def merge(self) -> None:
        while not self.stop.is_set():
            self.pair.index.merge()


@pytest.mark.parametrize("tiers", [Tiers(tail_rows=50), IVF])
def test_searches_beside_adds_removes_and_merges(tiers: Tiers) -> None:
    pair = filled(tiers, documents=150)
    pair.index.merge()
    searching = Searching(pair, unit_vectors(20, 77))
    work = [searching.search, searching.search, searching.search, searching.merge]
    with ThreadPoolExecutor(len(work)) as pool:
        running = [pool.submit(one) for one in work]
        try:
            for turn in range(400):
                pair.add(1000 + turn, turn % 4, turn % 6, seed=turn)
                if turn % 2:
                    pair.remove(1000 + turn - turn % 30)
        finally:
            searching.stop.set()
    assert [one.result() for one in running] == [None] * len(work)
    assert searching.failures == []
    pair.index.merge()
    assert pair.index.documents() == set(pair.oracle.documents)
    assert pair.recall(searching.queries, ALL) >= 0.95
