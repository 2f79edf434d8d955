"""Other orders of the same hits: what each list alone gives, and reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from retrieval.retriever import CANDIDATES
from retrieval.types import Hit

Order = Callable[[Sequence[Hit]], tuple[Hit, ...]]

_RRF = 60


def fused(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The product's own order."""
    return tuple(hits)


def lexical(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """BM25 alone."""
    return _sorted(hits, lambda hit: hit.lexical_score)


def dense(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Cosines alone."""
    return _sorted(hits, lambda hit: hit.dense_score)


def reciprocal(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Reciprocal rank fusion of both, k = 60 (Cormack et al. 2009)."""
    return _sorted(hits, lambda hit: _reciprocal(hit.dense_rank) + _reciprocal(hit.lexical_rank))


def _reciprocal(rank: int | None) -> float:
    return 1 / (_RRF + rank) if rank and rank <= CANDIDATES else 0.0


def _sorted(hits: Sequence[Hit], score: Callable[[Hit], float | None]) -> tuple[Hit, ...]:
    scored = [(value, hit) for hit in hits if (value := score(hit)) is not None]
    return tuple(hit for _, hit in sorted(scored, key=lambda pair: (-pair[0], pair[1].stored.id)))


ORDERS: dict[str, Order] = {
    "fusion of scores": fused,
    "BM25 alone": lexical,
    "dense alone": dense,
    "RRF (k=60)": reciprocal,
}
