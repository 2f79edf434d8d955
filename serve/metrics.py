"""The numbers of a server, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ingest.jobs import count_active
from retrieval.store import current_seq, totals
from retrieval.types import DocumentState, Scope
from serve.answers.counts import AnswerCounts
from serve.backend import Backend
from serve.gate import Seen
from serve.version import program_version

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """What is counted while a server runs, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "cloister_requests",
            "Requests by the template of their route, method and status.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "cloister_request_seconds",
            "From a request to the end of its response.",
            ["route", "method"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._spans = Counter(
            "cloister_spans",
            "Spans by what became of them.",
            ["outcome"],
            registry=self._registry,
        )
        self._waiting = Gauge(
            "cloister_requests_waiting",
            "Requests that wait for their turn.",
            registry=self._registry,
        )
        self.answers = AnswerCounts(self._registry)

    def count(self, seen: Seen) -> None:
        """Count a request."""
        self._requests.labels(seen.route, seen.method, str(seen.status)).inc()
        self._seconds.labels(seen.route, seen.method).observe(seen.seconds)

    def count_spans(self, outcome: str, number: int) -> None:
        """Count spans that were sent or dropped."""
        self._spans.labels(outcome).inc(number)

    def look_up_waiting(self, waiting: Callable[[], int]) -> None:
        """Have the number of requests that wait for their turn looked up when it is asked for."""
        self._waiting.set_function(waiting)

    def text(self, backend: Backend, scope: Scope) -> bytes:
        """All numbers, with those of what the server holds now."""
        held = CollectorRegistry()
        held.register(_Held(backend, scope))
        return generate_latest(self._registry) + generate_latest(held)


class _Held(Collector):
    """What a server holds, looked up when it is asked for."""

    def __init__(self, backend: Backend, scope: Scope) -> None:
        self._backend = backend
        self._scope = scope

    def describe(self) -> list[Metric]:
        """Nothing: the names are told with the numbers."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The numbers as they are now."""
        backend = self._backend
        with backend.database.read() as connection:
            held = totals(connection, self._scope)
            active = count_active(connection, self._scope)
            seq = current_seq(connection)
        info = GaugeMetricFamily("cloister_info", "The release.", labels=["version"])
        info.add_metric([program_version()], 1)
        yield info
        states = GaugeMetricFamily("cloister_documents", "Documents.", labels=["state"])
        for state in DocumentState:
            states.add_metric([state.value], held.documents.get(state.value, 0))
        yield states
        yield _gauge("collections", "Collections.", held.collections)
        yield _gauge("chunks", "Passages that can be found.", held.chunks)
        yield _gauge("jobs", "Documents on their way in.", active)
        lag = seq - backend.searching.seq
        yield _gauge("index_lag", "Changes that searching does not see yet.", lag)
        yield _gauge(
            "ready", "Whether questions are answered.", backend.searching.ready is not None
        )
        yield _gauge("data_bytes", "Size of the data folder.", backend.folder.size_bytes())
        yield from self._models()

    def _models(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("cloister_model_up", "Whether a model answers.", labels=["role"])
        model, guard = self._backend.model, self._backend.guard
        if model:
            up.add_metric(["answers"], model.watched.capabilities.writes)
            queue = GaugeMetricFamily("cloister_questions", "Questions.", labels=["place"])
            queue.add_metric(["running"], model.admission.running)
            queue.add_metric(["waiting"], model.admission.waiting)
            yield queue
        if guard:
            up.add_metric(["safety"], guard.watched.capabilities.writes)
        if model or guard:
            yield up


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"cloister_{name}", text, value=value)
