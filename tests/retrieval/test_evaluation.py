from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.evaluation import (
    auroc,
    evidence_within_budget,
    mrr_at_k,
    ndcg_at_k,
    recall_at_k,
)


@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "expected"),
    [
        ([1, 2, 3], {2, 9}, 3, 0.5),
        ([1, 2, 3], {2, 3}, 2, 0.5),
        ([1, 2, 3], {1, 2, 3}, 3, 1.0),
        ([], {1}, 5, 0.0),
        ([1], set(), 5, 0.0),
    ],
)
def test_recall(ranking: list[int], relevant: set[int], k: int, expected: float) -> None:
    assert recall_at_k(ranking, relevant, k) == expected


@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "expected"),
    [
        (["a", "b", "c"], {"c", "b"}, 10, 0.5),
        (["a", "b", "c"], {"c"}, 2, 0.0),
        (["a"], {"a"}, 1, 1.0),
        ([], {"a"}, 1, 0.0),
    ],
)
def test_mrr(ranking: list[str], relevant: set[str], k: int, expected: float) -> None:
    assert mrr_at_k(ranking, relevant, k) == expected


def test_ndcg() -> None:
    gains = {1: 3.0, 2: 2.0, 3: 0.0, 4: -1.0}
    best = 3 + 2 / log2(3)
    assert ndcg_at_k([1, 2, 3], gains, 3) == pytest.approx(1.0)
    assert ndcg_at_k([4, 9, 2, 1], gains, 3) == pytest.approx((2 / 2) / best)
    assert ndcg_at_k([2, 1], gains, 1) == pytest.approx(2 / 3)
    assert ndcg_at_k([1], {1: 0.0}, 3) == 0.0


@pytest.mark.parametrize(
    ("evidence", "budget", "expected"),
    [
        ("is here", 10, False),
        ("is here", 30, True),
        ("first  text", 10, True),
        ("text the", 30, False),
        ("last", 59, False),
        ("last", 60, True),
        ("", 60, False),
    ],
)
def test_evidence_within_budget(evidence: str, budget: int, expected: bool) -> None:
    texts = ["the first text", "the quote\nis here", "last"]
    assert evidence_within_budget(evidence, texts, [10, 20, 30], budget) is expected


def test_auroc() -> None:
    assert auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auroc([1, 1], [True, False]) == 0.5
    assert auroc([1, 2, 2, 3], [False, True, False, True]) == 0.875
    assert auroc([1, 2], [True, True]) == 0.5
    assert auroc([], []) == 0.5


_IDS = st.lists(st.integers(0, 30), unique=True, max_size=20)
_SCORED = st.lists(st.tuples(st.integers(0, 9).map(float), st.booleans()), max_size=40)


@given(_IDS, st.sets(st.integers(0, 30)), st.integers(1, 20))
def test_ranking_measures_lie_between_none_and_perfect(
    ranking: list[int], relevant: set[int], k: int
) -> None:
    gains = dict.fromkeys(relevant, 1.0)
    values = [
        recall_at_k(ranking, relevant, k),
        mrr_at_k(ranking, relevant, k),
        ndcg_at_k(ranking, gains, k),
    ]
    assert all(0 <= value <= 1 + 1e-9 for value in values)
    found = bool(set(ranking[:k]) & relevant)
    assert all((value > 0) is found for value in values)


@given(_IDS, st.sets(st.integers(0, 30)), st.integers(1, 19))
def test_recall_and_mrr_never_fall_with_k(ranking: list[int], relevant: set[int], k: int) -> None:
    assert recall_at_k(ranking, relevant, k) <= recall_at_k(ranking, relevant, k + 1)
    assert mrr_at_k(ranking, relevant, k) <= mrr_at_k(ranking, relevant, k + 1)


@given(_SCORED)
def test_auroc_equals_the_count_over_all_pairs(scored: list[tuple[float, bool]]) -> None:
    true = [score for score, label in scored if label]
    false = [score for score, label in scored if not label]
    wins = [1.0 if t > f else 0.5 if t == f else 0.0 for t in true for f in false]
    expected = sum(wins) / len(wins) if wins else 0.5
    assert auroc([s for s, _ in scored], [label for _, label in scored]) == pytest.approx(expected)
