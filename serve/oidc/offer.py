"""What an OpenID provider offers, asked for by one thread at a time and remembered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from serve.oidc.errors import OidcUnavailable

_REMEMBERED_SECONDS = 3_600.0
_FAILED_SECONDS = 10.0
"""For how long nobody asks again after the provider did not answer."""

Json = dict[str, Any]


@dataclass(slots=True)
class Offer:
    """The outcome of ``read``; where it is old, all but one take it as it is while that one asks.

    What was told once counts until something newer is: whoever needs the provider next finds out
    whether it is there.
    """

    read: Callable[[], Json]
    clock: Callable[[], float] = time.monotonic
    _told: Json = field(default_factory=dict)
    _failure: OidcUnavailable | None = None
    _due: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> Json:
        """What is offered.

        Raises:
            OidcUnavailable: The provider does not tell, or did not a moment ago.
        """
        # Only before the first outcome is there anything to wait for.
        if self._is_due() and self._lock.acquire(blocking=self._due is None):
            try:
                if self._is_due():
                    self._ask()
            finally:
                self._lock.release()
        if self._told:
            return self._told
        assert self._failure is not None
        raise OidcUnavailable(self._failure.message, advice=self._failure.advice)

    def _is_due(self) -> bool:
        return self._due is None or self.clock() >= self._due

    def _ask(self) -> None:
        try:
            told = self.read()
        except OidcUnavailable as error:
            self._failure, self._due = error, self.clock() + _FAILED_SECONDS
        else:
            self._told, self._due = told, self.clock() + _REMEMBERED_SECONDS
