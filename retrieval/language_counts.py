"""How many chunks each language has, by document, so that deletion is counted too."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retrieval.types import Scope

_RARE = 0.005
"""A language with a smaller share of the chunks is taken for a mistake of the detector."""


@dataclass(frozen=True, slots=True)
class _Counted:
    collection_id: int
    chunks: tuple[tuple[str, int], ...]


class LanguageCounts:
    """The languages of all chunks. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_document: dict[int, _Counted] = {}
        self._by_collection: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def add(self, document_id: int, collection_id: int, counts: Mapping[str, int]) -> None:
        """Count the chunks of one more document; "" stands for no language."""
        known = tuple((language, count) for language, count in counts.items() if language)
        with self._lock:
            self._drop(document_id)
            self._by_document[document_id] = _Counted(collection_id, known)
            self._by_collection[collection_id].update(dict(known))

    def remove(self, document_id: int) -> None:
        """Forget a document; one that is not known is left alone."""
        with self._lock:
            self._drop(document_id)

    def _drop(self, document_id: int) -> None:
        document = self._by_document.pop(document_id, None)
        if document:
            self._by_collection[document.collection_id].subtract(dict(document.chunks))

    def common(self, scope: Scope) -> list[str]:
        """The languages inside a scope without the very rare ones, the commonest first."""
        with self._lock:
            chunks = self._inside(scope)
        least = max(1.0, chunks.total() * _RARE)
        ordered = sorted(chunks.items(), key=lambda item: (-item[1], item[0]))
        return [language for language, count in ordered if count >= least]

    def _inside(self, scope: Scope) -> Counter[str]:
        chunks: Counter[str] = Counter()
        for collection_id in scope.collections & self._by_collection.keys():
            chunks.update(self._by_collection[collection_id])
        for document in self._known(scope.excluded):
            if document.collection_id in scope.collections:
                chunks.subtract(dict(document.chunks))
        for document in self._known(scope.documents - scope.excluded):
            if document.collection_id not in scope.collections:
                chunks.update(dict(document.chunks))
        return chunks

    def _known(self, document_ids: frozenset[int]) -> Iterator[_Counted]:
        return (self._by_document[each] for each in document_ids & self._by_document.keys())
