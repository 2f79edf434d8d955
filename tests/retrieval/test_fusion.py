from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import (
    FusionWeights,
    fuse,
    max_normalised,
    min_max,
    ranks,
)

scores = st.dictionaries(st.integers(1, 50), st.floats(-1.0, 30.0), max_size=30)
shares = st.dictionaries(st.integers(1, 50), st.floats(0.0, 1.0), max_size=30)


def test_min_max_spans_zero_to_one() -> None:
    assert min_max({1: 0.2, 2: 0.4, 3: 0.8}) == pytest.approx({1: 0.0, 2: 1 / 3, 3: 1.0})


def test_min_max_of_equal_scores_is_one() -> None:
    assert min_max({1: 0.2, 2: 0.2}) == {1: 1.0, 2: 1.0}
    assert min_max({}) == {}


def test_max_normalised_keeps_zero_at_zero() -> None:
    assert max_normalised({1: 0.0, 2: 5.0, 3: 10.0}) == {1: 0.0, 2: 0.5, 3: 1.0}
    assert max_normalised({1: 0.0}) == {1: 0.0}


def test_equal_scores_rank_by_chunk_id() -> None:
    assert ranks({9: 1.0, 3: 1.0, 5: 2.0}) == {5: 1, 3: 2, 9: 3}


def test_sum_of_both_lists_decides() -> None:
    fused = fuse({1: 0.9, 2: 0.5, 3: 0.1}, {2: 10.0, 4: 5.0}, {}, FusionWeights(dense=0.5))
    assert [one.chunk_id for one in fused] == [2, 1, 4, 3]
    assert fused[0].score == pytest.approx(0.5 * 0.5 + 0.5)
    assert (fused[0].dense_rank, fused[0].lexical_rank) == (2, 1)
    assert (fused[2].dense_score, fused[2].dense_rank) == (None, None)


def test_one_list_alone_takes_the_whole_weight() -> None:
    assert fuse({1: 0.9, 2: 0.5}, {}, {}, FusionWeights(dense=0.3))[0].score == 1.0
    assert fuse({}, {7: 2.0}, {}, FusionWeights(dense=0.3))[0].score == 1.0
    assert fuse({}, {}, {1: 1.0}, FusionWeights()) == []


def test_name_score_is_a_bonus() -> None:
    plain = fuse({1: 0.8, 2: 0.7}, {1: 1.0, 2: 1.0}, {}, FusionWeights(dense=0.1, name=0.3))
    named = fuse({1: 0.8, 2: 0.7}, {1: 1.0, 2: 1.0}, {2: 1.0}, FusionWeights(dense=0.1, name=0.3))
    assert [one.chunk_id for one in plain] == [1, 2]
    assert [one.chunk_id for one in named] == [2, 1]
    assert named[0].name_score == 1.0


@given(scores, scores, shares, st.floats(0.0, 1.0))
def test_fused_list_holds_each_chunk_once_in_order(
    dense: dict[int, float], lexical: dict[int, float], names: dict[int, float], share: float
) -> None:
    weights = FusionWeights(dense=share)
    fused = fuse(dense, lexical, names, weights)
    assert sorted(one.chunk_id for one in fused) == sorted(dense.keys() | lexical.keys())
    assert fused == sorted(fused, key=lambda one: (-one.score, one.chunk_id))
    assert all(-1e-9 <= one.score <= 1.0 + weights.name + 1e-9 for one in fused)
    shuffled = fuse(dict(reversed(dense.items())), dict(reversed(lexical.items())), names, weights)
    assert fused == shuffled
