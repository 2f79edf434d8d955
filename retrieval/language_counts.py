"""How many chunks each language has, by document, so that deletion is counted too."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

_RARE = 0.005
"""A language with a smaller share of the chunks is taken for a mistake of the detector."""


class LanguageCounts:
    """The languages of all chunks. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_document: dict[int, tuple[tuple[str, int], ...]] = {}
        self._chunks: Counter[str] = Counter()

    def add(self, document_id: int, counts: Mapping[str, int]) -> None:
        """Count the chunks of one more document; "" stands for no language."""
        known = tuple((language, count) for language, count in counts.items() if language)
        with self._lock:
            self._drop(document_id)
            self._by_document[document_id] = known
            self._chunks.update(dict(known))

    def remove(self, document_id: int) -> None:
        """Forget a document; one that is not known is left alone."""
        with self._lock:
            self._drop(document_id)

    def _drop(self, document_id: int) -> None:
        for language, count in self._by_document.pop(document_id, ()):
            self._chunks[language] -= count

    def common(self) -> list[str]:
        """The languages without the very rare ones, the commonest first."""
        with self._lock:
            least = max(1.0, self._chunks.total() * _RARE)
            ordered = sorted(self._chunks.items(), key=lambda item: (-item[1], item[0]))
        return [language for language, count in ordered if count >= least]
