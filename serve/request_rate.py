"""How many requests a minute each person may make."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from serve.errors import TooManyRequests

_MINUTE = 60.0


class RequestRate:
    """At most ``most`` requests of a person in any minute, and then as many as the minute brings.

    The generic cell rate algorithm of ITU-T I.371, which keeps one moment for each person.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_each = _MINUTE / most
        self._most = most
        self._clock = clock
        self._used_up_to: dict[int, float] = {}

    def count(self, person_id: int) -> None:
        """Count one more request.

        Raises:
            TooManyRequests: The person has made too many; it is not counted.
        """
        now = self._clock()
        used_up_to = max(self._used_up_to.get(person_id, now), now) + self._seconds_each
        early = used_up_to - now - _MINUTE
        # Sums of shares of a minute may miss it by a hair.
        if early > 1e-6:
            raise TooManyRequests(
                f"You have made more than {self._most} requests in a minute.",
                advice="Send them more slowly.",
                retry_after=math.ceil(early),
            )
        self._used_up_to[person_id] = used_up_to
