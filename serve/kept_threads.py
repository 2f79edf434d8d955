"""Threads that are kept for one kind of slow work, so that it takes none from other requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

Given = TypeVarTuple("Given")
Made = TypeVar("Made")


class KeptThreads:
    """At most so many at once; what is beyond waits in its order, and holds no thread."""

    def __init__(self, most: int) -> None:
        self._limiter = CapacityLimiter(most)

    async def run(self, work: Callable[[*Given], Made], *arguments: *Given) -> Made:
        """What some work comes to in one of them."""
        return await to_thread.run_sync(work, *arguments, limiter=self._limiter)
