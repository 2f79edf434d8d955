"""Answers in numbers; no label of these holds anything that anybody wrote."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from prometheus_client import CollectorRegistry, Counter, Histogram

from serve.answers.events import Degraded, Done, Event, Failed, Text, Traced
from serve.telemetry.spans import Span, traced

OUTCOMES = ("answered", "abstained", "degraded", "interrupted", "failed")
VERDICTS = ("exact", "relinked", "approximate", "struck")
TOKENS = ("prompt", "cached", "written")
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class AnswerCounts:
    """Counts what becomes of questions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "cloister_answers", "Answers by how they ended.", ["outcome"], registry=registry
        )
        self._first_text = Histogram(
            "cloister_first_text_seconds",
            "From a question to the first words of its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._quotes = Counter(
            "cloister_quotes", "Quotes by what became of them.", ["verdict"], registry=registry
        )
        self._tokens = Counter(
            "cloister_tokens",
            "Tokens of the model; those cached are part of those of the prompt.",
            ["kind"],
            registry=registry,
        )
        # So that all are there before the first answer, with 0.
        for counter, names in (
            (self._answers, OUTCOMES), (self._quotes, VERDICTS), (self._tokens, TOKENS)
        ):  # fmt: skip
            for name in names:
                counter.labels(name)

    async def counted(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The same events, counted and traced as they pass."""
        with traced("answer") as span:
            async with aclosing(self._counted(events, span)) as counted:
                async for event in counted:
                    yield event

    async def _counted(
        self, events: AsyncGenerator[Event, None], span: Span
    ) -> AsyncGenerator[Event, None]:
        begun = time.monotonic()
        has_text = is_degraded = False
        outcome = "interrupted"
        try:
            async with aclosing(events):
                async for event in events:
                    match event:
                        case Text() if not has_text:
                            has_text = True
                            seconds = time.monotonic() - begun
                            self._first_text.observe(seconds)
                            span.attributes["cloister.first_text_seconds"] = seconds
                        case Degraded():
                            is_degraded = True
                        case Traced():
                            self._count_trace(event)
                        case Done() | Failed():
                            outcome = _outcome_of(event, is_degraded=is_degraded)
                    yield event
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._answers.labels(outcome).inc()
            span.attributes["cloister.outcome"] = outcome

    def _count_trace(self, event: Traced) -> None:
        for quote in event.trace.quotes:
            self._quotes.labels(quote.verdict).inc()
        if event.trace.report:
            usage = event.trace.report.usage
            self._tokens.labels("prompt").inc(usage.prompt_tokens)
            self._tokens.labels("cached").inc(usage.cached_tokens)
            self._tokens.labels("written").inc(usage.completion_tokens)


def _outcome_of(event: Done | Failed, *, is_degraded: bool) -> str:
    if isinstance(event, Failed):
        return "failed"
    if event.abstained:
        return "abstained"
    return "degraded" if is_degraded else "answered"
