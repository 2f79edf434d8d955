"""An answer while it comes in: its text, and where in it each citation is marked."""

from __future__ import annotations

from dataclasses import dataclass, field

from serve.answers.events import (
    Citation,
    Cited,
    Degraded,
    Done,
    Event,
    Failed,
    Retrieved,
    Struck,
    Text,
    Traced,
)
from serve.inference.completion import Usage


@dataclass(frozen=True, slots=True)
class Mark:
    """A citation's number in the text, from ``start`` up to, not including, ``end``."""

    citation: Citation
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Transcript:
    """What has come of one answer so far."""

    text: str = ""
    language: str = ""
    citations: list[Citation] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    degraded: Degraded | None = None
    usage: Usage = field(default_factory=Usage)
    done: Done | None = None
    failed: Failed | None = None

    def take(self, event: Event) -> Mark | None:
        """Add an event; the mark that its text is, if it is one."""
        match event:
            case Text(delta):
                return self._said(delta)
            case Cited(citation):
                self.citations.append(citation)
            case Retrieved():
                self.language = event.language
            case Struck():
                self.struck.append(event)
            case Degraded():
                self.degraded = event
            case Traced(trace):
                self.usage = trace.report.usage if trace.report else Usage()
            case Done():
                self.done = event
            case Failed():
                self.failed = event
        return None

    def _said(self, delta: str) -> Mark | None:
        start = len(self.text)
        self.text += delta
        for citation in self.citations:
            if delta == f"[{citation.n}]":
                mark = Mark(citation, start, len(self.text))
                self.marks.append(mark)
                return mark
        return None
