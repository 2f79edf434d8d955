"""The immutable main part of the dense index, kept as its size asks for.

Exact search over float16 up to 300,000 chunks, then inverted lists (IVF), above a million with
8-bit codes whose best are scored again from the float16 vectors. No graph: HNSW cannot delete and
finds 29 % of the answers under a 1 % filter, where IVF finds 83 % and an exact search all
(research/performance.md, section 3).

FAISS keeps float16 exactly as the store does, so that the exact tier loses nothing, in half the
memory and half the time of float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.document_rows import Ids, Mask
from retrieval.inverted_lists import (
    Check,
    Division,
    Half,
    continued_division,
    division_of,
    faiss,
    filled_index,
    trained_division,
)

Vector = NDArray[np.float32]
"""One embedding of length 1, shape (dimensions,)."""


class Tier(StrEnum):
    """How a main part searches."""

    EXACT = "exact"
    IVF = "ivf"
    IVF_SQ8 = "ivf-sq8"


@dataclass(frozen=True, slots=True)
class Tiers:
    """From which number of chunks on which tier serves, and how hard it looks.

    ``nprobe`` lists are read a question, more under a filter. A scope of at most ``exact_rows``
    chunks is searched exactly at every size. The best ``rescored`` x k of 8-bit codes are scored
    again. A merge is due when the tail exceeds ``tail_rows`` and ``tail_share`` of the main part,
    or when more than ``dead_share`` of all rows are dead.
    """

    ivf_from: int = 300_000
    sq8_from: int = 1_000_000
    nprobe: int = 64
    exact_rows: int = 20_000
    rescored: int = 4
    tail_rows: int = 5_000
    tail_share: float = 0.1
    dead_share: float = 0.1

    def tier(self, rows: int) -> Tier:
        """The tier for a main part of so many rows."""
        if rows < self.ivf_from:
            return Tier.EXACT
        return Tier.IVF if rows < self.sq8_from else Tier.IVF_SQ8


@dataclass(frozen=True, slots=True)
class Found:
    """Rows with their inner products, best first."""

    rows: Ids
    scores: Vector


@dataclass(frozen=True, slots=True, eq=False)
class MainPart:
    """Vectors that do not change any more, with the FAISS index over them.

    ``vectors`` has shape (rows, dimensions); in the exact tier it looks into the memory of
    ``index``. ``order`` sorts ``chunk_ids``.
    """

    tier: Tier
    chunk_ids: Ids
    order: Ids
    vectors: Half
    index: Any

    def __len__(self) -> int:
        return len(self.chunk_ids)

    def search(self, query: Vector, k: int, mask: Mask | None, tiers: Tiers) -> Found:
        """The ``k`` best rows, all of them where fewer are allowed.

        ``mask`` says for each row whether it is allowed; None allows all.
        """
        allowed = len(self) if mask is None else int(np.count_nonzero(mask))
        k = min(k, allowed)
        if k == 0:
            return Found(np.zeros(0, np.int64), np.zeros(0, np.float32))
        if self.tier is Tier.EXACT:
            return _search(self.index, query, k, faiss.SearchParameters, mask)
        if mask is not None and allowed <= tiers.exact_rows:
            return self._exactly(query, k, np.flatnonzero(mask))
        return self._by_lists(query, k, mask, tiers)

    def division(self, rows: Mask) -> Division | None:
        """How these rows are divided among lists, if they are."""
        return None if self.tier is Tier.EXACT else division_of(self.index).of_rows(rows)

    def positions(self, chunk_ids: Ids) -> Ids:
        """The rows of those of the chunks that are here, dead or alive."""
        if not len(self):
            return np.zeros(0, np.int64)
        places = np.searchsorted(self.chunk_ids, chunk_ids, sorter=self.order)
        rows: Ids = self.order[np.minimum(places, len(self) - 1)]
        here: Mask = self.chunk_ids[rows] == chunk_ids
        return rows[here]

    def _exactly(self, query: Vector, k: int, rows: Ids) -> Found:
        """Exact search over some rows: FAISS decodes float16 five times as fast as numpy."""
        index = exact_index(self.vectors[rows])
        found = _search(index, query, min(k, len(rows)), faiss.SearchParameters, None)
        return Found(rows[found.rows], found.scores)

    def _by_lists(self, query: Vector, k: int, mask: Mask | None, tiers: Tiers) -> Found:
        lists = int(self.index.nlist)
        share = 1.0 if mask is None else np.count_nonzero(mask) / len(self)
        wanted = k * tiers.rescored if self.tier is Tier.IVF_SQ8 else k
        # The rarer allowed rows are, the more lists hold the k best of them.
        nprobe = min(lists, math.ceil(tiers.nprobe / share))
        found = self._probe(query, wanted, mask, nprobe)
        if len(found.rows) < k:
            found = self._probe(query, wanted, mask, lists)
        if self.tier is Tier.IVF_SQ8:
            return self._exactly(query, k, found.rows)
        return found

    def _probe(self, query: Vector, k: int, mask: Mask | None, nprobe: int) -> Found:
        return _search(self.index, query, k, faiss.SearchParametersIVF, mask, nprobe=nprobe)


def empty_main(dimensions: int) -> MainPart:
    """A main part without rows."""
    vectors = np.zeros((0, dimensions), np.float16)
    return main_of(Tier.EXACT, np.zeros(0, np.int64), vectors, exact_index(vectors))


def build_main(
    chunk_ids: Ids, vectors: Half, tiers: Tiers, former: Division | None, check: Check
) -> MainPart:
    """A main part over ``vectors``, shape (rows, dimensions), in the tier for its size.

    It goes on with the lists of ``former``, that of the first rows, as long as they fit the size.
    Raises what ``check`` raises, which is called at least once a second.
    """
    tier = tiers.tier(len(chunk_ids))
    if tier is Tier.EXACT:
        return main_of(tier, chunk_ids, vectors, exact_index(vectors))
    division = continued_division(former, vectors, check) if former else None
    division = division or trained_division(vectors, check)
    kind = faiss.ScalarQuantizer.QT_8bit if tier is Tier.IVF_SQ8 else faiss.ScalarQuantizer.QT_fp16
    return main_of(tier, chunk_ids, vectors, filled_index(vectors, division, kind, check))


def main_of(tier: Tier, chunk_ids: Ids, vectors: Half, index: Any) -> MainPart:
    """The main part around a finished index."""
    if tier is Tier.EXACT:
        vectors = _codes(index).view(np.float16).reshape(vectors.shape)
    order = np.argsort(chunk_ids, kind="stable").astype(np.int64)
    return MainPart(tier, chunk_ids, order, vectors, index)


def exact_index(vectors: Half) -> Any:
    """A flat FAISS index with the float16 vectors, bit for bit, as its codes."""
    rows, dimensions = vectors.shape
    kind = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexScalarQuantizer(dimensions, kind, faiss.METRIC_INNER_PRODUCT)
    if rows:
        index.add_sa_codes(np.ascontiguousarray(vectors).view(np.uint8))
    return index


def ivf_bytes(index: Any) -> NDArray[np.uint8]:
    """The index in FAISS's own format, which carries no checksum."""
    data: NDArray[np.uint8] = faiss.serialize_index(index)
    return data


def ivf_from_bytes(data: NDArray[np.uint8]) -> Any:
    """The index again. Raises ``ValueError`` where FAISS does not read it."""
    try:
        return faiss.deserialize_index(np.array(data))
    except RuntimeError as error:
        raise ValueError(f"FAISS does not read its lists: {error}") from error


def inner_products(query: Vector, vectors: NDArray[np.float32]) -> Vector:
    """The product of ``query`` with each row of ``vectors``, shape (rows, dimensions).

    In one thread, unlike numpy's, and without the interpreter lock.
    """
    products = np.empty(len(vectors), np.float32)
    if len(vectors):
        faiss.fvec_inner_products_ny(
            faiss.swig_ptr(products),
            faiss.swig_ptr(query),
            faiss.swig_ptr(vectors),
            query.size,
            len(vectors),
        )
    return products


def use_threads(threads: int) -> None:
    """Let FAISS work with so many threads when called from this one; OpenMP counts per caller."""
    faiss.omp_set_num_threads(threads)


def _codes(index: Any) -> NDArray[np.uint8]:
    """The memory of the index's codes, not a copy."""
    size = int(index.codes.size())
    codes: NDArray[np.uint8] = (
        faiss.rev_swig_ptr(index.codes.data(), size) if size else np.zeros(0, np.uint8)
    )
    return codes


def _search(
    index: Any, query: Vector, k: int, parameters: Any, mask: Mask | None, **settings: Any
) -> Found:
    """One query with its own parameters: on the index they would be shared between threads."""
    if mask is not None:
        settings["sel"] = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
    scores, rows = index.search(query[np.newaxis], k, params=parameters(**settings))
    there = rows[0] >= 0
    return Found(rows[0][there], scores[0][there])
