from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.inverted_lists import (
    BuildStopped,
    Division,
    continued_division,
    division_of,
    faiss,
    filled_index,
    trained_division,
    wanted_lists,
)
from tests.retrieval.test_dense import unit_vectors

KINDS = [faiss.ScalarQuantizer.QT_fp16, faiss.ScalarQuantizer.QT_8bit]


@dataclass
class Patience:
    """Stops what asks it more often than so many times."""

    left: int = 10**9

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BuildStopped


def rows_of(count: int, seed: int = 1) -> NDArray[np.float16]:
    return unit_vectors(count, seed).astype(np.float16)


def assert_means(division: Division, vectors: NDArray[np.float16]) -> None:
    for number in np.unique(division.list_of):
        mean = vectors[division.list_of == number].astype(np.float32).sum(axis=0)
        expected = mean / np.linalg.norm(mean)
        assert division.centroids[number] == pytest.approx(expected, abs=1e-4)


def test_each_row_is_in_the_list_of_the_nearest_centroid() -> None:
    vectors = rows_of(25_000)
    division = trained_division(vectors, Patience())
    assert division.centroids.shape == (wanted_lists(25_000), vectors.shape[1])
    assert np.linalg.norm(division.centroids, axis=1) == pytest.approx(1, abs=1e-4)
    products = vectors.astype(np.float32) @ division.centroids.T
    chosen = products[np.arange(len(vectors)), division.list_of]
    assert chosen == pytest.approx(products.max(axis=1), abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_tells_how_it_was_filled(kind: int) -> None:
    vectors = rows_of(12_000)
    division = trained_division(vectors, Patience())
    index = filled_index(vectors, division, kind, Patience())
    read = division_of(index)
    assert (read.list_of == division.list_of).all()
    assert (read.centroids == division.centroids).all()
    every = faiss.SearchParametersIVF(nprobe=int(index.nlist))
    _, found = index.search(vectors[:50].astype(np.float32), 1, params=every)
    assert np.mean(found[:, 0] == np.arange(50)) > 0.9


def test_lists_go_on_with_what_is_added_and_without_what_was_removed() -> None:
    vectors = rows_of(12_000)
    division = trained_division(vectors, Patience())
    kept = division.list_of != 7
    both = np.concatenate([vectors[kept], rows_of(500, seed=2)])
    continued = continued_division(division.of_rows(kept), both, Patience())
    assert continued is not None
    assert (continued.list_of[: kept.sum()] == division.list_of[kept]).all()
    assert_means(continued, both)


def test_nothing_of_a_list_stays_that_lost_all_its_rows() -> None:
    vectors = rows_of(12_000)
    division = trained_division(vectors, Patience())
    left = np.flatnonzero(division.list_of == 3)
    assert len(left)
    kept = division.list_of != 3
    continued = continued_division(division.of_rows(kept), vectors[kept], Patience())
    assert continued is not None
    assert not (continued.centroids == division.centroids[3]).all(axis=1).any()
    removed = vectors[left].astype(np.float32)
    assert not any((continued.centroids == row).all(axis=1).any() for row in removed)


@pytest.mark.parametrize("factor", [0.4, 2])
def test_lists_are_given_up_where_the_size_has_much_changed(factor: float) -> None:
    division = trained_division(rows_of(12_000), Patience())
    vectors = rows_of(int(12_000 * factor))
    first = np.arange(12_000) < len(vectors)
    assert continued_division(division.of_rows(first), vectors, Patience()) is None


@pytest.mark.parametrize("left", [0, 1, 5, 20])
def test_training_can_be_stopped_between_its_steps(left: int) -> None:
    with pytest.raises(BuildStopped):
        trained_division(rows_of(25_000), Patience(left))


def test_filling_can_be_stopped_between_its_steps() -> None:
    vectors = rows_of(25_000)
    division = trained_division(vectors, Patience())
    with pytest.raises(BuildStopped):
        filled_index(vectors, division, KINDS[0], Patience(1))


def test_vectors_that_are_all_alike_or_zero_can_be_divided() -> None:
    for vectors in (np.repeat(rows_of(1), 500, axis=0), np.zeros((500, 16), np.float16)):
        division = trained_division(vectors, Patience())
        index = filled_index(vectors, division, KINDS[1], Patience())
        assert index.ntotal == 500
        assert np.isfinite(division.centroids).all()
