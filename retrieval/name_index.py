"""How well the words of a question name a document: a score over document names alone.

On filings of many companies and years the name decides half of the search: with it the right page
was among the first ten for 41.9 % of the questions instead of 20.9 %
(research/retrieval-quality.md, section 3). It is kept in memory: one small set of terms a document.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Collection, Sequence

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,5}$")


def without_extension(name: str) -> str:
    """The document name less one file extension, which starts with a letter: "v1.5" stays whole."""
    stem = _EXTENSION.sub("", name)
    return stem or name


class NameIndex:
    """Terms of document names. Safe to use from several threads.

    The caller analyses names and questions with the same ``analysis.terms``; a name is analysed in
    the document's language, a question in the languages of the documents.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._terms: dict[int, frozenset[str]] = {}
        self._frequency: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._terms)

    def add(self, document_id: int, terms: Collection[str]) -> None:
        """Set the terms of a document's name, in place of earlier ones."""
        with self._lock:
            self._drop(document_id)
            self._terms[document_id] = frozenset(terms)
            self._frequency.update(self._terms[document_id])

    def remove(self, document_id: int) -> None:
        """Forget a document; one that is not known is left alone."""
        with self._lock:
            self._drop(document_id)

    def scores(
        self, query: Sequence[tuple[str, ...]], document_ids: Collection[int]
    ) -> dict[int, float]:
        """The share of the question's name words that each document's name holds, by idf, 0..1.

        ``query`` holds the variants of each word, as from ``analysis.query_terms``. A word that no
        document's name holds, or every one, says nothing and is left out of the sum. Documents
        whose name holds no other word are left out of the answer.
        """
        with self._lock:
            words = [(set(variants), self._idf(variants)) for variants in query]
            known = [(variants, idf) for variants, idf in words if idf > 0.0]
            total = sum(idf for _, idf in known)
            found: dict[int, float] = {}
            for document_id in document_ids:
                terms = self._terms.get(document_id, frozenset())
                held = sum(idf for variants, idf in known if not terms.isdisjoint(variants))
                if held > 0.0:
                    found[document_id] = held / total
            return found

    def _idf(self, variants: Sequence[str]) -> float:
        holding = max((self._frequency[variant] for variant in variants), default=0)
        if holding == 0:
            return 0.0
        return math.log(len(self._terms) / holding)

    def _drop(self, document_id: int) -> None:
        for term in self._terms.pop(document_id, frozenset()):
            self._frequency[term] -= 1
            if self._frequency[term] <= 0:
                del self._frequency[term]
