"""The place of a request in a trace, as W3C Trace Context writes it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A trace and a span in it; ``is_sampled`` if its spans are to be recorded."""

    trace_id: str
    span_id: str
    is_sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The header that hands it on."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"

    def child(self) -> TraceContext:
        """The place of a span below this one."""
        return TraceContext(self.trace_id, secrets.token_hex(8), self.is_sampled)


def new_context() -> TraceContext:
    """A place in a new trace."""
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8))


def context_in(headers: Sequence[str]) -> TraceContext | None:
    """What the ``traceparent`` headers of a request say; None unless there is one, well formed."""
    match = _TRACEPARENT.fullmatch(headers[0]) if len(headers) == 1 else None
    if not match or not int(match[1], 16) or not int(match[2], 16):
        return None
    return TraceContext(match[1], match[2], bool(int(match[3], 16) & _SAMPLED))
