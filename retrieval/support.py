"""How well what was retrieved bears on the question: a probability, to answer or to abstain by.

A logistic regression over a few features of the hits, fitted by ``make fit-support`` on open
question sets of which half the documents are left out; it prints what it fits and how well.
It tells questions foreign to the documents from others; whether a passage on the right subject
holds the answer is beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p

from retrieval.analysis import terms
from retrieval.retriever import Retrieval

THRESHOLD = 0.5
"""Below this support nothing is answered."""

_TOP = 3


@dataclass(frozen=True, slots=True)
class SupportModel:
    """Weights of the features, in the order of ``features_of``, and the constant."""

    weights: tuple[float, ...]
    constant: float


COVERED = SupportModel((16.32, 25.42, 1.46), -13.36)
"""For questions in a language that the embedder covers."""

UNCOVERED = SupportModel((11.28, 32.07, -0.34), -11.83)
"""For other questions."""


def support_of(retrieval: Retrieval) -> float:
    """The chance, in 0..1, that the documents are about the question."""
    if not retrieval.hits:
        return 0.0
    model = COVERED if retrieval.covered else UNCOVERED
    features = features_of(retrieval)
    logit = model.constant + sum(w * x for w, x in zip(model.weights, features, strict=True))
    return 1.0 / (1.0 + exp(-max(min(logit, 60.0), -60.0)))


def features_of(retrieval: Retrieval) -> tuple[float, ...]:
    """Best cosine; BM25 per word, relative to that of a word in one chunk only; words found.

    A word's BM25 grows with the logarithm of the number of chunks, which the division undoes.
    """
    best = max((hit.dense_score or 0.0 for hit in retrieval.hits), default=0.0)
    bm25 = max((hit.lexical_score or 0.0 for hit in retrieval.hits), default=0.0)
    words = len(retrieval.terms) or 1
    return (
        best,
        bm25 / (words * log1p(retrieval.indexed_chunks)),
        _words_found(retrieval.terms, [_terms(retrieval, i) for i in range(_TOP)]),
    )


def _terms(retrieval: Retrieval, place: int) -> set[str]:
    if place >= len(retrieval.hits):
        return set()
    stored = retrieval.hits[place].stored
    return set(
        terms(
            stored.chunk.with_header(stored.document_name),
            stored.chunk.language,
        )
    )


def _words_found(words: Sequence[tuple[str, ...]], passages: Sequence[set[str]]) -> float:
    """The largest share of the question's words that one of the passages holds."""
    if not words:
        return 0.0
    return max(
        sum(any(variant in passage for variant in variants) for variants in words) / len(words)
        for passage in passages
    )
