"""The seam to whatever writes answers, and a double that writes what it is told.

An LLM writes in the quote protocol: a claim, then ``<q s="2">words of source 2, verbatim</q>``; or
``NO_ANSWER`` and nothing else where the sources do not hold the answer. Quotes are checked by
``serve.citations``, whoever wrote them.

Implementations: ``serve.extractive.ExtractiveLLM`` and ``ScriptedLLM``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.retriever import Retrieval

NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that may be quoted, by the number it has for this answer."""

    n: int
    title: str
    page: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an LLM is to answer, and from what."""

    question: str
    retrieval: Retrieval
    sources: tuple[Source, ...]


class LLM(Protocol):
    """Writes an answer from sources."""

    @property
    def name(self) -> str:
        """What people call it."""

    def write(self, assignment: Assignment) -> AsyncIterator[str]:
        """The answer in the quote protocol, in pieces cut anywhere.

        Raises:
            LLMUnavailable: It cannot be reached, or stopped in the middle.
        """


Script = Callable[[Assignment], Sequence[str]]


class ScriptedLLM:
    """Writes what a script gives for an assignment, piece by piece."""

    def __init__(self, script: Script) -> None:
        self.name = "scripted"
        self._script = script

    async def write(self, assignment: Assignment) -> AsyncIterator[str]:
        """See ``LLM``."""
        for piece in self._script(assignment):
            yield piece
