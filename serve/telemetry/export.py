"""Sends spans to the collector that is configured, and to nobody else."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from serve.telemetry.spans import Span

log = logging.getLogger(__name__)

Counted = Callable[[str, int], None]
"""Told what became of how many spans: ``sent`` or ``dropped``."""

MOST_WAITING = 2_048
_MOST_AT_ONCE = 512
_GATHER_SECONDS = 0.2
_SECONDS = 3.0
_STOP_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go, by OTLP over HTTP; ``url`` is without /v1/traces."""

    url: str
    service: str = "cloister"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class SpanExport:
    """Sends spans from a thread of its own.

    What does not fit the queue or cannot be sent is dropped and counted, so that a collector that
    is slow, wrong or away costs requests nothing. An outage leaves one line in the log.
    """

    def __init__(
        self, collector: Collector, counted: Counted, most_waiting: int = MOST_WAITING
    ) -> None:
        # Here, so that a server without a collector loads nothing of it.
        from serve.telemetry.encoding import encoded

        self._encoded = encoded
        self._collector = collector
        self._counted = counted
        self._waiting: queue.Queue[Span | None] = queue.Queue(most_waiting)
        self._stopping = threading.Event()
        self._is_out = False
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def add(self, span: Span) -> None:
        """Have a span sent, or drop it; it never waits."""
        try:
            self._waiting.put_nowait(span)
        except queue.Full:
            self._counted("dropped", 1)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send what is left, if the collector takes it soon."""
        self._stopping.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            log.debug("the queue of spans is full, so that nobody waits at it")
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        # No proxy and no .netrc of the environment, and no redirect: nobody else is contacted.
        with httpx.Client(
            headers=dict(self._collector.headers),
            timeout=_SECONDS,
            trust_env=False,
            follow_redirects=False,
        ) as http:
            while not (self._stopping.is_set() and (self._is_out or self._waiting.empty())):
                if spans := self._batch():
                    self._send(http, spans)

    def _batch(self) -> list[Span]:
        """What waits, as much as goes into one request; at least until something does."""
        taken = [self._waiting.get()]
        self._stopping.wait(_GATHER_SECONDS)
        while len(taken) < _MOST_AT_ONCE:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return [each for each in taken if each is not None]

    def _send(self, http: httpx.Client, spans: Sequence[Span]) -> None:
        trouble = ""
        try:
            body = self._encoded(spans, self._collector.service)
            reply = http.post(
                f"{self._collector.url}/v1/traces",
                content=body,
                headers={"Content-Type": "application/x-protobuf"},
            )
            if not reply.is_success:
                trouble = f"status {reply.status_code}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the thread
            trouble = type(error).__name__
        self._counted("dropped" if trouble else "sent", len(spans))
        self._tell(trouble)

    def _tell(self, trouble: str) -> None:
        if trouble and not self._is_out:
            log.warning(
                "%s does not take traces (%s); they are dropped and counted until it does",
                self._collector.url,
                trouble,
            )
        if self._is_out and not trouble:
            log.info("%s takes traces again", self._collector.url)
        self._is_out = bool(trouble)
