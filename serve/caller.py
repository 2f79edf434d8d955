"""Who a request comes from. Until there is sign-in: the operator, who may do everything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; ``person_id`` is None for the operator of the machine, who is no account."""

    person_id: int | None
    name: str
    is_administrator: bool = False


OPERATOR = Caller(None, "operator", is_administrator=True)
