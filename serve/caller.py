"""Who a request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What an API key may be used for."""

    SEARCH = "search"
    ASK = "ask"
    INGEST = "ingest"
    ADMIN = "admin"


EVERYTHING = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; ``person_id`` is None for the operator of the machine, who is no account.

    A person comes with a session or with a key, whose ids tell later whether they still hold.
    """

    person_id: int | None
    name: str
    is_administrator: bool = False
    permissions: frozenset[Permission] = EVERYTHING
    session_id: int | None = None
    key_id: int | None = None

    @property
    def is_operator(self) -> bool:
        """Whether it is who runs the machine, and could read its files anyway."""
        return self.person_id is None

    def permits(self, permission: Permission) -> bool:
        """Whether what the request came with may be used for this."""
        return permission in self.permissions


OPERATOR = Caller(None, "operator", is_administrator=True)
