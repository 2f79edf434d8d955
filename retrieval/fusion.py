"""Fusion of dense, lexical and document-name scores into one order. Pure functions.

Scores are fused, not ranks: reciprocal rank fusion with a small English model lost to BM25 alone on
8 of 11 question sets, this sum on none (research/retrieval-quality.md, section 3). The sum of
normalised scores is the convex combination of Bruch et al., "An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DENSE_WEIGHT_COVERED = 0.5
"""Share of the dense score where the embedder was trained for the language of the question."""

DENSE_WEIGHT_UNCOVERED = 0.3
"""The same where it was not: BM25 leads."""

NAME_WEIGHT = 0.1
"""What a document whose name holds every word of the question gains, on top of the sum."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """``dense`` in 0..1, BM25 takes the rest; ``name`` scales the bonus for the document's name."""

    dense: float = DENSE_WEIGHT_COVERED
    name: float = NAME_WEIGHT


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk with its fused score and what went into it; ranks count from 1."""

    chunk_id: int
    score: float
    dense_score: float | None = None
    dense_rank: int | None = None
    lexical_score: float | None = None
    lexical_rank: int | None = None
    name_score: float = 0.0


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """The scores moved and scaled so that the least is 0 and the greatest 1; all equal gives 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high <= low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def max_normalised(scores: Mapping[int, float]) -> dict[int, float]:
    """The scores divided by the greatest of them; without a positive score all are 0."""
    high = max(scores.values(), default=0.0)
    if high <= 0.0:
        return dict.fromkeys(scores, 0.0)
    return {key: max(score, 0.0) / high for key, score in scores.items()}


def ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """The rank of every chunk, from 1, by falling score and then rising chunk id."""
    return {chunk_id: place for place, chunk_id in enumerate(_ordered(scores), start=1)}


def fuse(
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    names: Mapping[int, float],
    weights: FusionWeights,
) -> list[Fused]:
    """Every chunk of either list with its fused score, by falling score and then rising chunk id.

    ``dense`` maps chunk ids to cosines, ``lexical`` to raw BM25, ``names`` to the name score (0..1)
    of the chunk's document. A chunk missing from a list gets 0 there; a caller who knows the cosine
    of a chunk that only BM25 found passes it in ``dense``. Where one of the two lists is empty the
    other takes the whole weight.
    """
    dense_share = weights.dense if dense and lexical else float(bool(dense))
    dense_part, lexical_part = min_max(dense), max_normalised(lexical)
    dense_ranks, lexical_ranks = ranks(dense), ranks(lexical)
    fused = [
        Fused(
            chunk_id=chunk_id,
            score=dense_share * dense_part.get(chunk_id, 0.0)
            + (1.0 - dense_share) * lexical_part.get(chunk_id, 0.0)
            + weights.name * names.get(chunk_id, 0.0),
            dense_score=dense.get(chunk_id),
            dense_rank=dense_ranks.get(chunk_id),
            lexical_score=lexical.get(chunk_id),
            lexical_rank=lexical_ranks.get(chunk_id),
            name_score=names.get(chunk_id, 0.0),
        )
        for chunk_id in dense.keys() | lexical.keys()
    ]
    return sorted(fused, key=lambda one: (-one.score, one.chunk_id))


def _ordered(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
