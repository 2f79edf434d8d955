"""Requests wait for their turn before anything is done for them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from starlette.types import Message, Receive, Send

from serve.errors import TooManyRequests
from serve.problems import Refusal, problem_of
from serve.request_rate import RequestRate
from serve.request_turns import RequestTurn, RequestTurns

MOST_PER_ADDRESS = 16
QUEUE_PER_ADDRESS = 1_024
"""Wide, since all who come through one proxy may have one address."""

_MOST_REMEMBERED = 20_000


class ClientGone(Exception):
    """Nobody waits for the response any more."""


class TurnTaking:
    """Knows whose turn a request has to wait for, as far as that can be known beforehand."""

    def __init__(self, of_people: RequestTurns, rate: RequestRate) -> None:
        self._of_people = of_people
        self._rate = rate
        self._of_addresses = RequestTurns(MOST_PER_ADDRESS, QUEUE_PER_ADDRESS)
        self._people: OrderedDict[str, int] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many requests have not had their turn yet."""
        return self._of_people.waiting + self._of_addresses.waiting

    def turn_of(self, credential: str, address: str) -> RequestTurn:
        """The turn of a request by the hash of its credential, or its address while that is new.

        Raises:
            TooManyRequests: Too many of the same person or address wait already, or came lately.
        """
        person_id = self._people.get(credential)
        if person_id is None:
            return self._of_addresses.turn(address)
        self._people.move_to_end(credential)
        self._rate.count(person_id)
        return self._of_people.turn(person_id)

    def turn_of_address(self, address: str) -> RequestTurn:
        """The turn of a request that comes without a credential."""
        return self._of_addresses.turn(address)

    def knows(self, credential: str) -> bool:
        """Whether a credential has been seen to be a person's."""
        return credential in self._people

    def learn(self, credential: str, person_id: int) -> RequestTurn:
        """The turn of a request whose credential has turned out to be a person's.

        Raises:
            TooManyRequests: Too many of the person's wait already, or came lately.
        """
        self._rate.count(person_id)
        self._people[credential] = person_id
        while len(self._people) > _MOST_REMEMBERED:
            self._people.popitem(last=False)
        return self._of_people.turn(person_id)

    def forget(self, credential: str) -> None:
        """Count what comes with a credential that holds no more by its address again."""
        self._people.pop(credential, None)


class Exchange:
    """The messages of one request and its response, which hold its turn only where we work.

    While a body is awaited the turn is given back, and for good once the response begins.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._early: deque[Message] = deque()
        self._is_whole = False
        self._turn: RequestTurn | None = None
        self.was_awaited = False

    async def begun(self, turn: RequestTurn) -> RequestTurn:
        """The turn, once it has come.

        Raises:
            ClientGone: The client did not wait for it.
            Refusal: The client waits, and its body does not come.
        """
        self._turn = turn
        if turn.is_held:
            return turn
        try:
            await self._hold_unless_gone(turn)
        except BaseException:
            turn.give_back()
            raise
        return turn

    async def _hold_unless_gone(self, turn: RequestTurn) -> None:
        going = asyncio.ensure_future(self._gone())
        try:
            await turn.hold(unless=going)
        finally:
            going.cancel()
            await asyncio.wait({going})
        if not turn.is_held:
            going.result()
            raise ClientGone

    async def _gone(self) -> None:
        """Return once the client is gone; what it has sent before is kept for later.

        Of a body in pieces only the first is taken in, so the rest is told of at its turn.
        """
        while (message := await self._receive())["type"] != "http.disconnect":
            self._early.append(message)
            if message.get("more_body", False):
                await asyncio.Event().wait()
        self._early.append(message)

    async def receive(self) -> Message:
        """The next message of the request.

        Raises:
            Refusal: Its body is none that is taken, or too many are awaited already.
        """
        if self._early:
            return self._noted(self._early.popleft())
        turn = self._turn
        if self._is_whole or turn is None or not turn.is_held:
            return await self._receive()
        arriving = asyncio.ensure_future(self._receive())
        try:
            await asyncio.sleep(0)
            if not arriving.done():
                self.was_awaited = True
                async with turn.paused():
                    await asyncio.wait({arriving})
            return self._noted(arriving.result())
        except TooManyRequests as error:
            raise Refusal(problem_of(error)) from error
        finally:
            arriving.cancel()

    async def send(self, message: Message) -> None:
        """Send a message of the response."""
        if self._turn is not None and message["type"] == "http.response.start":
            self._turn.give_back()
        await self._send(message)

    def _noted(self, message: Message) -> Message:
        self._is_whole = not message.get("more_body", False)
        return message
