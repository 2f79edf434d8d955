"""Rows divided among inverted lists, in steps of at most a second, between which it can be stopped.

FAISS trains and fills in single calls that take minutes at a million rows and cannot be ended. Here
it only assigns rows and keeps them; the rounds of spherical k-means between are ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import faiss as typed_faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.document_rows import Ids

Half = NDArray[np.float16]

# FAISS generates most of its interface when it is imported, which its type stubs do not follow.
faiss: Any = typed_faiss

_BATCH_ROWS = 10_000
_TRAINING_ROWS_PER_LIST = 40
_TRAINING_ROUNDS = 10
_CODE_TRAINING_ROWS = 100_000
_GROWTH = 1.5
"""Lists are trained anew as often as there are so many times as many rows. Ones that went on from
45 to 100 % of 60,000 synthetic rows found 0.956 of the ten nearest, new ones 0.984, ones that went
on from 83 % 0.973."""

Check = Callable[[], None]
"""Called between steps; raises ``BuildStopped`` where the work is not wanted any more."""


class BuildStopped(Exception):
    """The index was not built to its end, because nobody waits for it any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Some rows divided among lists.

    ``centroids`` has shape (lists, dimensions), ``list_of``, the list of each row, (rows,).
    """

    centroids: NDArray[np.float32]
    list_of: Ids

    def of_rows(self, rows: NDArray[np.bool_]) -> Division:
        """The same lists with only these rows, in their order."""
        return Division(self.centroids, self.list_of[rows])


def trained_division(vectors: Half, check: Check) -> Division:
    """Lists trained on a fixed sample of ``vectors``, shape (rows, dimensions)."""
    centroids = _trained(vectors, wanted_lists(len(vectors)), check)
    return Division(centroids, _nearest(vectors, centroids, check))


def continued_division(former: Division, vectors: Half, check: Check) -> Division | None:
    """The lists of ``former``, whose rows are the first of ``vectors``, and more for the others.

    The centroids move to the means of their rows, so that nothing of what was removed is left in
    them. None where the size has so much changed that lists had better be trained anew.
    """
    wanted, lists = wanted_lists(len(vectors)), len(former.centroids)
    if _size_class(len(vectors)) > _size_class(len(former.list_of)) or wanted < lists / 2:
        return None
    added, centroids = vectors[len(former.list_of) :], former.centroids
    more = min(wanted - lists, len(added) // _TRAINING_ROWS_PER_LIST)
    if more > 0:
        centroids = np.concatenate([centroids, _trained(added, more, check)])
    list_of = np.concatenate([former.list_of, _nearest(added, centroids, check)])
    return Division(_means(vectors, Division(centroids, list_of), check), list_of)


def filled_index(vectors: Half, division: Division, kind: int, check: Check) -> Any:
    """A FAISS index of the rows of ``division``, coded in ``kind`` of scalar quantizer.

    8-bit codes are of what a row differs by from its centroid.
    """
    lists, dimensions = division.centroids.shape
    is_coded = kind == faiss.ScalarQuantizer.QT_8bit
    quantizer = faiss.IndexFlatIP(dimensions)
    quantizer.add(division.centroids)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimensions, lists, kind, faiss.METRIC_INNER_PRODUCT, is_coded
    )
    # Without this the index would hold a pointer to a quantizer that Python has freed.
    quantizer.this.disown()
    index.own_fields = True
    if is_coded:
        _train_codes(index, vectors, division)
    index.is_trained = True
    for rows in _batches(len(vectors)):
        check()
        batch = vectors[rows].astype(np.float32)
        list_of = np.ascontiguousarray(division.list_of[rows])
        index.add_core(len(batch), faiss.swig_ptr(batch), None, faiss.swig_ptr(list_of))
    return index


def division_of(index: Any) -> Division:
    """The lists of an index that ``filled_index`` made, and which of them each row is in."""
    list_of = np.zeros(index.ntotal, np.int64)
    for number in range(index.nlist):
        size = int(index.invlists.list_size(number))
        if size:
            list_of[faiss.rev_swig_ptr(index.invlists.get_ids(number), size)] = number
    return Division(index.quantizer.reconstruct_n(0, index.nlist), list_of)


def wanted_lists(rows: int) -> int:
    """How many lists so many rows are divided among: 4 x sqrt(rows), unless they would be short."""
    return max(1, min(int(4 * math.sqrt(rows)), rows // _TRAINING_ROWS_PER_LIST))


def _size_class(rows: int) -> int:
    return int(math.log(max(1, rows), _GROWTH))


def _train_codes(index: Any, vectors: Half, division: Division) -> None:
    chosen = np.sort(np.random.default_rng(0).permutation(len(vectors))[:_CODE_TRAINING_ROWS])
    list_of = division.list_of[chosen]
    residuals = vectors[chosen].astype(np.float32) - division.centroids[list_of]
    index.train_encoder(len(chosen), faiss.swig_ptr(residuals), faiss.swig_ptr(list_of))


def _trained(vectors: Half, lists: int, check: Check) -> NDArray[np.float32]:
    """The centroids of so many lists, by spherical k-means."""
    random = np.random.default_rng(0)
    chosen = random.permutation(len(vectors))[: lists * _TRAINING_ROWS_PER_LIST]
    sample = vectors[np.sort(chosen)]
    centroids = sample[np.sort(random.permutation(len(sample))[:lists])].astype(np.float32)
    for _ in range(_TRAINING_ROUNDS):
        found = Division(centroids, _nearest(sample, centroids, check))
        centroids = _means(sample, found, check)
    return centroids


def _nearest(vectors: Half, centroids: NDArray[np.float32], check: Check) -> Ids:
    """The list whose centroid has the greatest inner product with each row."""
    quantizer = faiss.IndexFlatIP(centroids.shape[1])
    quantizer.add(centroids)
    found = np.empty(len(vectors), np.int64)
    for rows in _batches(len(vectors)):
        check()
        _, nearest = quantizer.search(vectors[rows].astype(np.float32), 1)
        found[rows] = nearest[:, 0]
    return found


def _means(vectors: Half, division: Division, check: Check) -> NDArray[np.float32]:
    """The mean direction of the rows of each list; a row of the others for an empty one."""
    sums = np.zeros_like(division.centroids)
    for rows in _batches(len(vectors)):
        check()
        order = np.argsort(division.list_of[rows], kind="stable")
        lists, starts = np.unique(division.list_of[rows][order], return_index=True)
        sums[lists] += np.add.reduceat(vectors[rows][order].astype(np.float32), starts, axis=0)
    empty = np.bincount(division.list_of, minlength=len(sums)) == 0
    drawn = np.random.default_rng(0).integers(0, len(vectors), np.count_nonzero(empty))
    sums[empty] = vectors[drawn].astype(np.float32)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    sums /= lengths
    return sums


def _batches(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _BATCH_ROWS):
        yield slice(start, min(start + _BATCH_ROWS, rows))
