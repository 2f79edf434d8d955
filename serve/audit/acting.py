"""Who acts at the moment, and from where: set once for each request, before any route runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from serve.caller import Caller

ActorKind = Literal["person", "key", "operator", "visitor", "server"]

_LONGEST_NAME = 200
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Acting:
    """Whoever acts: a caller; without one a visitor, or from nowhere the server itself."""

    caller: Caller | None = None
    request_id: str = ""
    address: str = ""

    @property
    def kind(self) -> ActorKind:
        """What the actor is."""
        if self.caller is None:
            return "visitor" if self.address else "server"
        if self.caller.is_operator:
            return "operator"
        return "key" if self.caller.key_id is not None else "person"

    @property
    def name(self) -> str:
        """What the actor is called at the time."""
        return _storable(self.caller.name if self.caller else self.kind)[:_LONGEST_NAME]

    @property
    def origin(self) -> tuple[str, str]:
        """The id of the request and the address that it came from, as they can be kept."""
        return _storable(self.request_id)[:_LONGEST], _storable(self.address)[:_LONGEST]


def _storable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def acting() -> Acting:
    """Who acts; outside of any request, the server."""
    return _acting.get() or Acting()


@contextmanager
def acting_as(actor: Acting) -> Iterator[None]:
    """Let somebody be who acts, in this block and all tasks and threads that it begins."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)
