"""The body of a request as it comes, within bounds of its size, its depth and the time it takes."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

from starlette.types import Message, Receive

from serve.problems import Refusal, recorded_problem

MOST_BYTES = 1 << 20
MOST_DEPTH = 64
PATIENCE_SECONDS = 30.0

_CLOSE = {"Connection": "close"}
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ALIKE = bytes.maketrans(b"{}", b"[]")


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """The most bytes, and how long they may be waited for before the code of ``stalled``.

    No silence may be longer than ``patience`` seconds, and all of them together no longer than
    that with a second more for each ``bytes_a_second`` that have come; of those no more than
    ``most_earned`` are ever left.
    """

    most_bytes: float
    bytes_a_second: float
    stalled: str
    patience: float = PATIENCE_SECONDS
    most_earned: float = 600.0


OF_JSON = BodyBounds(MOST_BYTES, 1 << 15, "body_stalled")
OF_MCP = BodyBounds(1 << 17, 1 << 15, "body_stalled")
"""The SDK tells each rule that a message breaks; what the tools take is far smaller than this."""

OF_UPLOADS = BodyBounds(math.inf, 1 << 10, "upload_stalled")
"""An upload is as large as its files may be, which is found out while they come."""


class RequestBody:
    """The messages of a request up to the end of its body, and after it."""

    def __init__(self, receive: Receive, bounds: BodyBounds) -> None:
        self._receive = receive
        self._bounds = bounds
        self._is_whole = False
        self._bytes = 0
        self._left = bounds.patience
        self._pieces: list[bytes] = []

    async def receive(self) -> Message:
        """The next message.

        Raises:
            Refusal: The body is too large, nests too deep, or does not come.
        """
        if self._is_whole:
            return await self._receive()
        message = await self._awaited()
        if message["type"] != "http.request":
            return message
        piece = message.get("body", b"")
        self._is_whole = not message.get("more_body", False)
        self._bytes += len(piece)
        most_left = self._bounds.patience + self._bounds.most_earned
        self._left = min(self._left + len(piece) / self._bounds.bytes_a_second, most_left)
        if self._bytes > self._bounds.most_bytes:
            detail = f"The body is larger than {self._bounds.most_bytes} bytes."
            raise Refusal(recorded_problem("too_large", detail))
        if self._bounds.most_bytes < math.inf:
            self._pieces.append(piece)
            self._check_depth()
        return message

    async def _awaited(self) -> Message:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(min(self._bounds.patience, self._left)):
                return await self._receive()
        except TimeoutError:
            detail = f"The body comes too slowly: {self._bytes} bytes of it until now."
            raise Refusal(recorded_problem(self._bounds.stalled, detail), _CLOSE) from None
        finally:
            self._left -= time.monotonic() - begun

    def _check_depth(self) -> None:
        if not self._is_whole:
            return
        body = b"".join(self._pieces)
        self._pieces.clear()
        if is_deeper(body, MOST_DEPTH):
            detail = f"The body nests deeper than {MOST_DEPTH} levels."
            raise Refusal(recorded_problem("bad_request", detail))


def is_deeper(body: bytes, most: int) -> bool:
    """Whether a text of JSON nests deeper than ``most`` levels; of another text, anything.

    The parser itself goes as deep as the stack, and this costs a body of a mebibyte a few ms.
    """
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    # Every other part between quotes, once those within texts are gone, is outside of texts.
    outside = b"".join(body.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    rest = outside.translate(_ALIKE, _NO_BRACKETS)
    for _ in range(most):
        if b"[]" not in rest:
            break
        # What holds nothing more goes away: one level from below.
        rest = rest.replace(b"[]", b"")
    return b"[]" in rest or rest.count(b"[") > most
