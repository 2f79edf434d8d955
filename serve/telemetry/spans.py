"""Spans: what took how long in a request. None holds anything that anybody wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from serve.telemetry.trace_context import TraceContext, new_context

Kind = Literal["internal", "server", "client"]
Value = str | int | float | bool


@dataclass(slots=True, eq=False)
class Span:
    """A piece of work; without ``context`` nobody asks for it. Times are in nanoseconds."""

    name: str
    kind: Kind = "internal"
    context: TraceContext | None = None
    parent_id: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    failed: bool = False
    begun: int = field(default_factory=time.time_ns)
    lasted: int = 0

    @property
    def traceparent(self) -> str:
        """The header by which another server puts its spans below this one; or nothing."""
        return self.context.traceparent if self.context else ""


Sink = Callable[[Span], None]


@dataclass(frozen=True, slots=True)
class _Trace:
    """The request under way; its spans lie side by side below ``context``."""

    context: TraceContext
    sink: Sink


_trace: ContextVar[_Trace | None] = ContextVar("trace", default=None)


@contextmanager
def request_traced(given: TraceContext | None, sink: Sink | None) -> Iterator[Span]:
    """The span of a request, in the trace that it came with or in a new one."""
    if sink is None:
        yield Span("request", "server")
        return
    context = given.child() if given else new_context()
    span = Span("request", "server", context, given.span_id if given else "")
    token = _trace.set(_Trace(context, sink))
    try:
        with _measured(span, sink):
            yield span
    finally:
        _trace.reset(token)


@contextmanager
def traced(name: str, kind: Kind = "internal") -> Iterator[Span]:
    """A span of the request under way; it fails with an error, and not with a reader who goes."""
    trace = _trace.get()
    if trace is None:
        yield Span(name, kind)
        return
    with _measured(
        Span(name, kind, trace.context.child(), trace.context.span_id), trace.sink
    ) as it:
        yield it


@contextmanager
def _measured(span: Span, sink: Sink) -> Iterator[Span]:
    begun = time.monotonic_ns()
    try:
        yield span
    except Exception as error:
        span.failed = True
        span.attributes["error.type"] = type(error).__name__
        raise
    finally:
        span.lasted = time.monotonic_ns() - begun
        if span.context and span.context.is_sampled:
            sink(span)
