"""Who may use the model now, and who waits: people by turns, each in the order of their questions.

All of it happens in one event loop, between two awaits, so that there is nothing to lock.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType

from serve.errors import TooManyQuestions

_GUESSED_SECONDS = 10.0
_REMEMBERED = 32
_LONGEST_RETRY = 120


class Admission:
    """At most ``streams`` tickets hold the model, and at most ``queue`` wait for it.

    Of one asker there are at most ``per_asker``, holding or waiting.
    """

    def __init__(
        self,
        streams: int,
        queue: int,
        clock: Callable[[], float] = time.monotonic,
        per_asker: int | None = None,
    ) -> None:
        self._streams = streams
        self._queue = queue
        self._per_asker = per_asker
        self._clock = clock
        self._holders: dict[Ticket, float] = {}
        self._line: deque[Ticket] = deque()
        self._durations: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def running(self) -> int:
        """How many hold the model."""
        return len(self._holders)

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._line)

    def ticket(self, asker: int | None = None) -> Ticket:
        """A ticket of a person, which must be released; None is nobody in particular.

        Raises:
            TooManyQuestions: The queue is full, or the person has too many tickets.
        """
        own = self._tickets_of(asker)
        if asker is not None and self._per_asker is not None and own >= self._per_asker:
            raise TooManyQuestions(
                f"{own} of your questions are being answered or wait already.",
                advice="Wait for an answer, or stop one.",
                retry_after=self._retry_after(),
            )
        ticket = Ticket(self, asker)
        if self.running < self._streams:
            self._holders[ticket] = self._clock()
            return ticket
        if self.waiting >= self._queue:
            raise TooManyQuestions(
                f"The model is busy, and {self.waiting} questions are waiting already.",
                retry_after=self._retry_after(),
            )
        self._line.insert(self._fair_place(asker, own), ticket)
        self._tell_places()
        return ticket

    def release(self, ticket: Ticket) -> None:
        """Take a ticket back, wherever it is; those behind it move up."""
        started = self._holders.pop(ticket, None)
        if started is not None:
            self._durations.append(self._clock() - started)
        elif ticket.place:
            self._line.remove(ticket)
            ticket.move_to(0)
        while self._line and self.running < self._streams:
            following = self._line.popleft()
            self._holders[following] = self._clock()
            following.move_to(0)
        self._tell_places()

    def _tickets_of(self, asker: int | None) -> int:
        return sum(each.asker == asker for each in (*self._holders, *self._line))

    def _fair_place(self, asker: int | None, own: int) -> int:
        """Behind one's own, and behind all who had no more questions than one has before this."""
        before = Counter(each.asker for each in self._holders)
        place = 0
        for index, waiting in enumerate(self._line, start=1):
            if waiting.asker == asker or before[waiting.asker] <= own:
                place = index
            before[waiting.asker] += 1
        return place

    def _tell_places(self) -> None:
        for place, waiting in enumerate(self._line, start=1):
            waiting.move_to(place)

    def _retry_after(self) -> int:
        seconds = self._durations or [_GUESSED_SECONDS]
        rounds = (self.waiting + 1) / self._streams
        expected = rounds * sum(seconds) / len(seconds)
        return min(max(math.ceil(expected), 1), _LONGEST_RETRY)


class Ticket:
    """The right to use the model, now or in its turn; ``place`` in the queue is 0 once it is."""

    def __init__(self, admission: Admission, asker: int | None = None) -> None:
        self.place = 0
        self.asker = asker
        self._admission = admission
        self._moved = asyncio.Event()

    async def places(self) -> AsyncIterator[int]:
        """The place in the queue each time that it changes, 1 is next; ends when it is our turn.

        A ticket whose wait is given up is released.
        """
        try:
            while place := self.place:
                self._moved.clear()
                yield place
                if self.place == place:
                    await self._moved.wait()
        except BaseException:
            self.release()
            raise

    def move_to(self, place: int) -> None:
        """Tell whoever waits that the place is another now."""
        if self.place != place:
            self.place = place
            self._moved.set()

    def release(self) -> None:
        """Give the place up, in the queue or at the model; again is nothing."""
        self._admission.release(self)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
