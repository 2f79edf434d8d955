"""How much each person or address holds open that takes no turns while nothing comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from serve.errors import TooManyRequests

MOST_STREAMS = 32
"""More than the pages that somebody keeps open."""

MOST_UPLOADS = 16

MOST_BODIES = 64
"""Of requests whose body has begun and is not whole."""


class HeldOpen:
    """Counts what each has open, ``most`` at a time; of the operator there may be any number."""

    def __init__(self, most: int, what: str, advice: str) -> None:
        self._most = most
        self._refusal = f"{most} {what}."
        self._advice = advice
        self._open = Counter[int | str]()

    @contextmanager
    def another(self, requester: int | str | None) -> Iterator[None]:
        """One more, until the block ends; None is the operator.

        Raises:
            TooManyRequests: The requester has too many open.
        """
        if requester is None:
            yield
            return
        if self._open[requester] >= self._most:
            raise TooManyRequests(self._refusal, advice=self._advice)
        self._open[requester] += 1
        try:
            yield
        finally:
            self._open[requester] -= 1
            if not self._open[requester]:
                del self._open[requester]


def open_streams() -> HeldOpen:
    """Counts endless streams."""
    return HeldOpen(
        MOST_STREAMS,
        "streams of yours are open already",
        "Close some, or read several things from one stream.",
    )


def open_uploads() -> HeldOpen:
    """Counts uploads that are still coming."""
    return HeldOpen(
        MOST_UPLOADS,
        "uploads of yours are under way already",
        "Send fewer at the same time, or several files in one.",
    )


def open_bodies() -> HeldOpen:
    """Counts bodies of which more is awaited."""
    return HeldOpen(
        MOST_BODIES,
        "requests of yours are still on their way",
        "Send each of them at once, or fewer at the same time.",
    )
