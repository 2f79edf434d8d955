"""How often passwords may be tried, for each account and for each address."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from serve.people.errors import SignInFailed, TooManyAttempts

WINDOW_SECONDS = 900.0
MOST_PER_ACCOUNT = 10
MOST_PER_ADDRESS = 50
_MOST_REMEMBERED = 20_000


@dataclass(slots=True)
class Guesses:
    """Failed attempts of the last quarter of an hour, kept in memory."""

    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[tuple[str, str], list[float]] = field(default_factory=OrderedDict)
    _refused: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def attempt(self, account: str, address: str) -> Iterator[None]:
        """A try, which counts as failed until the block ends without ``SignInFailed``.

        Raises:
            TooManyAttempts: There were too many, for a name that exists as for one that does not.
        """
        limits = {("account", account): MOST_PER_ACCOUNT, ("address", address): MOST_PER_ADDRESS}
        at = self._begun(limits)
        try:
            yield
        except SignInFailed:
            raise
        except BaseException:
            self._take_back(limits, at)
            raise
        self._take_back({("address", address): 0}, at)
        with self._lock:
            self._failures.pop(("account", account), None)

    def _begun(self, limits: dict[tuple[str, str], int]) -> float:
        with self._lock:
            now = self.clock()
            recent = {key: self._recent(key, now) for key in limits}
            waits = {
                key: times[-most] + WINDOW_SECONDS - now
                for key, most in limits.items()
                if len(times := recent[key]) >= most
            }
            if waits:
                raise TooManyAttempts(
                    "Too many passwords were tried.",
                    advice="Wait, or ask an administrator for a link.",
                    retry_after=int(max(waits.values())) + 1,
                    is_first=self._is_first(waits.keys(), now),
                )
            for key, times in recent.items():
                self._failures[key] = [*times, now]
                self._failures.move_to_end(key)
            while len(self._failures) > _MOST_REMEMBERED:
                self._failures.popitem(last=False)
            return now

    def _is_first(self, keys: Iterable[tuple[str, str]], now: float) -> bool:
        """Whether none of these was refused within the window, as far as it is remembered."""
        before = [self._refused.get(key, now - WINDOW_SECONDS) for key in keys]
        self._refused |= dict.fromkeys(keys, now)
        while len(self._refused) > _MOST_REMEMBERED:
            self._refused.popitem(last=False)
        return max(before) <= now - WINDOW_SECONDS

    def _recent(self, key: tuple[str, str], now: float) -> list[float]:
        return [each for each in self._failures.get(key, ()) if each > now - WINDOW_SECONDS]

    def _take_back(self, keys: dict[tuple[str, str], int], at: float) -> None:
        with self._lock:
            for key in keys:
                times = self._failures.get(key, [])
                if at in times:
                    times.remove(at)
