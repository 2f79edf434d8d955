"""Whose requests are worked on now: each requester's in their order, none at the cost of others.

All of it happens in one event loop, between two awaits, so that there is nothing to lock.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from serve.errors import TooManyRequests
from serve.held_open import open_bodies

Requester = int | str
"""A person's id, or the address of somebody who is not known yet."""

_LEAST = 1
_RECENT_SECONDS = 1.0
"""For how long somebody counts as one who asks after a request has ended."""

_MANY = 8
"""More than a page asks for at once: who has more waiting lets a program ask."""

_LONGEST_REST = 1.0

_Come = asyncio.Future[None]

_own_turn: ContextVar[RequestTurn | None] = ContextVar("own_turn", default=None)


@dataclass(slots=True)
class _Line:
    """The requests of one requester; those that go on after a pause come before new ones."""

    at_work: dict[_Come, float] = field(default_factory=dict)
    is_resting: bool = False
    going_on: deque[_Come] = field(default_factory=deque)
    new: deque[_Come] = field(default_factory=deque)
    seen: float = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self.at_work or self.going_on or self.new)


class RequestTurns:
    """Of one requester at most ``most`` requests are at work, and at most ``queue`` wait.

    While others ask too, all of them share what one would have alone, one at least each; and who
    has many waiting rests after each request for as long as each of the others would be at work.
    """

    def __init__(self, most: int, queue: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._queue = queue
        self._clock = clock
        self._lines: dict[Requester, _Line] = {}
        self._bodies = open_bodies()

    @property
    def waiting(self) -> int:
        """How many requests have not had their turn yet."""
        return sum(len(line.new) for line in list(self._lines.values()))

    def turn(self, requester: Requester) -> RequestTurn:
        """The turn of a new request, which must be given back, even if it has not come.

        Raises:
            TooManyRequests: Too many of the requester's wait already.
        """
        line = self._lines.setdefault(requester, _Line())
        if len(line.new) >= self._queue:
            raise TooManyRequests(
                f"{len(line.new)} of your requests are waiting already.",
                advice="Send fewer at the same time, and wait for their replies.",
            )
        return RequestTurn(self, requester, self._asked(line, line.new))

    def again(self, requester: Requester) -> _Come:
        """Done once a request that paused may go on; before those that have not begun."""
        line = self._lines.setdefault(requester, _Line())
        return self._asked(line, line.going_on)

    def awaiting(self, requester: Requester) -> AbstractContextManager[None]:
        """A block in which more of a request's body is awaited.

        Raises:
            TooManyRequests: Too many of the requester's are awaited already.
        """
        return self._bodies.another(requester)

    def leave(self, requester: Requester, come: _Come) -> None:
        """Take a turn back, whether it has come or not."""
        line = self._lines[requester]
        if come in line.at_work:
            self._let_rest(line, self._clock() - line.at_work.pop(come))
        else:
            (line.new if come in line.new else line.going_on).remove(come)
            come.cancel()
        self._advance(line)

    def _asked(self, line: _Line, queue: deque[_Come]) -> _Come:
        come: _Come = asyncio.get_running_loop().create_future()
        queue.append(come)
        self._advance(line)
        return come

    def _advance(self, line: _Line) -> None:
        line.seen = self._clock()
        share = max(_LEAST, self._most // self._asking(line))
        while len(line.at_work) < share:
            queue = line.going_on if line.going_on or line.is_resting else line.new
            if not queue:
                return
            come = queue.popleft()
            come.set_result(None)
            line.at_work[come] = line.seen

    def _let_rest(self, line: _Line, worked: float) -> None:
        others = self._asking(line) - 1
        if line.is_resting or len(line.new) <= _MANY or not others:
            return
        line.is_resting = True
        rest = min(others * worked, _LONGEST_REST)
        asyncio.get_running_loop().call_later(rest, self._rested, line)

    def _rested(self, line: _Line) -> None:
        line.is_resting = False
        # One whose requests have all gone away may be forgotten by now.
        if not line.is_empty:
            self._advance(line)

    def _asking(self, own: _Line) -> int:
        """How many requesters ask now, or did just now."""
        oldest = self._clock() - _RECENT_SECONDS
        self._lines = {
            requester: line
            for requester, line in self._lines.items()
            if line is own or not line.is_empty or line.seen > oldest
        }
        return len(self._lines)


class RequestTurn:
    """The right of one request to be worked on, which it gives back while it waits for others."""

    def __init__(self, turns: RequestTurns, requester: Requester, come: _Come | None) -> None:
        self._turns = turns
        self._requester = requester
        self._come = come

    @property
    def is_held(self) -> bool:
        """Whether the request may be worked on now."""
        return self._come is not None and self._come.done()

    async def hold(self, unless: asyncio.Future[None] | None = None) -> None:
        """Return once it is the request's turn, for the first time or again, or ``unless`` is."""
        if self._come is None:
            self._come = self._turns.again(self._requester)
        if self._come.done():
            return
        awaited = {self._come} if unless is None else {self._come, unless}
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.give_back()
            raise

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Let another request work while more of this one's body is awaited.

        Raises:
            TooManyRequests: Too many of the requester's are awaited already.
        """
        with self._turns.awaiting(self._requester):
            self.give_back()
            yield
        await self.hold()

    def handed_on(self) -> RequestTurn:
        """The turn of a part of the request's work, which has this one if it is held or asked for.

        Nobody but that part gives it back.
        """
        come, self._come = self._come, None
        return RequestTurn(self._turns, self._requester, come)

    def give_back(self) -> None:
        """Let another request work; again is nothing."""
        come, self._come = self._come, None
        if come is not None:
            self._turns.leave(self._requester, come)


@contextmanager
def as_own(turn: RequestTurn | None) -> Iterator[None]:
    """Have what runs in the block work in this turn, which is given back at its end."""
    token = _own_turn.set(turn)
    try:
        yield
    finally:
        _own_turn.reset(token)
        if turn is not None:
            turn.give_back()


def leave_turn() -> None:
    """Give the turn of the request that is answered back, before it waits for something else."""
    turn = _own_turn.get()
    if turn is not None:
        turn.give_back()


@asynccontextmanager
async def own_turn() -> AsyncIterator[None]:
    """Hold a turn of the request that is answered for some work, even if it was given back.

    It ends with that work, not with the beginning of the response, which may come in between.
    """
    request = _own_turn.get()
    if request is None:
        yield
        return
    turn = request.handed_on()
    await turn.hold()
    try:
        yield
    finally:
        turn.give_back()


@asynccontextmanager
async def without_turn() -> AsyncIterator[None]:
    """Let another request work while this one waits for something else."""
    turn = _own_turn.get()
    if turn is None:
        yield
        return
    turn.give_back()
    yield
    await turn.hold()
