"""How many endless streams each person holds open, which take no turns while nothing happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from serve.errors import TooManyRequests

MOST_STREAMS = 32
"""More than the pages that somebody keeps open."""


class OpenStreams:
    """Counts the streams of each person; of the operator there may be any number."""

    def __init__(self) -> None:
        self._open = Counter[int]()

    @contextmanager
    def another(self, person_id: int | None) -> Iterator[None]:
        """One more, until the block ends.

        Raises:
            TooManyRequests: The person has too many open.
        """
        if person_id is None:
            yield
            return
        if self._open[person_id] >= MOST_STREAMS:
            raise TooManyRequests(
                f"{MOST_STREAMS} streams of yours are open already.",
                advice="Close some, or read several things from one stream.",
            )
        self._open[person_id] += 1
        try:
            yield
        finally:
            self._open[person_id] -= 1
            if not self._open[person_id]:
                del self._open[person_id]
