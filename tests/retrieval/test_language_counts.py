"""Which languages a question may be in: those of what it may see."""

from __future__ import annotations

import pytest

from retrieval.language_counts import LanguageCounts
from retrieval.types import Scope
from tests.retrieval.filling import all_of


@pytest.fixture
def counts() -> LanguageCounts:
    """Much English, a little French in a collection of its own, and a slip of the detector."""
    counts = LanguageCounts()
    counts.add(1, 1, {"en": 100_000, "la": 3, "": 50})
    counts.add(2, 2, {"fr": 400})
    counts.add(3, 2, {"fr": 40, "de": 60})
    return counts


def test_a_small_collection_has_its_languages(counts: LanguageCounts) -> None:
    assert counts.common(all_of(2)) == ["fr", "de"]
    assert counts.common(all_of(1)) == ["en"]
    assert counts.common(all_of(1, 2)) == ["en"]
    assert counts.common(all_of(3)) == []


def test_single_documents_count_once(counts: LanguageCounts) -> None:
    assert counts.common(Scope(documents=frozenset({3, 4}))) == ["de", "fr"]
    both = Scope(collections=frozenset({2}), documents=frozenset({3}))
    assert counts.common(both) == ["fr", "de"]


def test_what_is_excluded_does_not_count(counts: LanguageCounts) -> None:
    without = Scope(collections=frozenset({2}), excluded=frozenset({2, 9}))
    assert counts.common(without) == ["de", "fr"]
    named = Scope(documents=frozenset({2, 3}), excluded=frozenset({3}))
    assert counts.common(named) == ["fr"]


def test_what_is_removed_or_counted_anew_does_not_stay(counts: LanguageCounts) -> None:
    counts.remove(2)
    counts.remove(9)
    counts.add(3, 2, {"es": 10})
    assert counts.common(all_of(2)) == ["es"]
