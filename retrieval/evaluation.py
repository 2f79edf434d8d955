"""Measures of retrieval and abstention. Pure functions; every result lies in 0..1.

Rankings are lists of ids, best first, without repeats. A mean over queries is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from math import log2
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)


def recall_at_k(ranking: Sequence[Id], relevant: Collection[Id], k: int) -> float:
    """Return the share of the relevant ids that are among the first ``k``.

    0.0 where nothing is relevant. As ``recall_k`` of trec_eval.
    """
    if not relevant:
        return 0.0
    return len(set(ranking[:k]) & set(relevant)) / len(set(relevant))


def mrr_at_k(ranking: Sequence[Id], relevant: Collection[Id], k: int) -> float:
    """Return 1 / rank of the first relevant id among the first ``k``, or 0.0.

    As ``recip_rank`` of trec_eval, cut at ``k`` as MS MARCO does.
    """
    wanted = set(relevant)
    return next((1 / rank for rank, id in enumerate(ranking[:k], 1) if id in wanted), 0.0)


def ndcg_at_k(ranking: Sequence[Id], gains: Mapping[Id, float], k: int) -> float:
    """Return the discounted gain of the first ``k``, relative to the best ranking possible.

    ``gains`` holds the judged ids; others gain nothing, as do those below 0. 0.0 where nothing
    gains. As ``ndcg_cut_k`` of trec_eval: linear gain, discount log2(rank + 1) (Järvelin and
    Kekäläinen 2002, in the form of Burges et al. 2005).
    """
    ideal = _discounted(sorted(gains.values(), reverse=True)[:k])
    if not ideal:
        return 0.0
    return _discounted([gains.get(id, 0.0) for id in ranking[:k]]) / ideal


def _discounted(gains: Sequence[float]) -> float:
    return sum(max(gain, 0.0) / log2(rank + 1) for rank, gain in enumerate(gains, 1))


def evidence_within_budget(
    evidence: str, texts: Sequence[str], tokens: Sequence[int], budget: int
) -> bool:
    """Whether ``evidence`` is wholly inside one of the chunks that fit the token budget.

    ``texts`` are the retrieved chunks, best first, ``tokens`` the length of each. Chunks are taken
    in order while their sum is within ``budget``, as a prompt is filled: the first that does not
    fit ends it. Whitespace is compared as single spaces. Empty evidence is nowhere.
    """
    sought = " ".join(evidence.split())
    used = 0
    for text, length in zip(texts, tokens, strict=True):
        used += length
        if used > budget:
            return False
        if sought and sought in " ".join(text.split()):
            return True
    return False


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the chance that a true case scores above a false one; a tie counts one half.

    The area under the ROC curve by the rank sum (Mann and Whitney 1947). 0.5 where all labels are
    the same, which no score can tell apart.
    """
    pairs = sorted(zip(scores, labels, strict=True))
    positives = sum(labels)
    negatives = len(pairs) - positives
    if not positives or not negatives:
        return 0.5
    wins, below, start = 0.0, 0, 0
    while start < len(pairs):
        end, tied_true = start, 0
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            tied_true += pairs[end][1]
            end += 1
        tied_false = end - start - tied_true
        wins += tied_true * (below + tied_false / 2)
        below += tied_false
        start = end
    return wins / (positives * negatives)
