"""The seam to whatever writes answers.

An LLM writes in the quote protocol: a claim, then ``<q s="2">words of source 2, verbatim</q>``; or
``NO_ANSWER`` and nothing else where the sources do not hold the answer. Quotes are checked by
``serve.answers.citations``, whoever wrote them.

Implementations: ``ExtractiveLLM`` (``serve.answers.extractive``) and ``GenerativeLLM``
(``serve.answers.generative``).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from retrieval.retriever import Retrieval
from serve.inference.completion import Message, Usage

NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that may be quoted, by the number it has in this conversation."""

    n: int
    title: str
    page: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question with its answer as it was written, in the quote protocol.

    ``sources`` are those that its part of the prompt shows, best first; ``language`` is the one it
    was to be answered in. ``opens_window`` says that its prompt began anew, without the turns
    before it.
    """

    question: str
    language: str
    written: str
    sources: tuple[Source, ...]
    opens_window: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an LLM is to answer, and from what.

    ``sources`` go with the hits of ``retrieval``, one each, best first; some may have been shown
    in earlier ``turns``. ``begun`` is what there is of the answer already, in the quote protocol:
    only what follows it is to be written. ``model`` names another model than the configured one, or
    is empty. ``request_id`` is to be found again in the log of whatever writes. ``asker`` is the
    person whose rights the sources were found with.
    """

    question: str
    retrieval: Retrieval
    sources: tuple[Source, ...]
    turns: tuple[Turn, ...] = ()
    begun: str = ""
    model: str = ""
    request_id: str = ""
    asker: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How an answer was written.

    ``shown`` are the numbers of the sources in the last message of the prompt; ``left_out`` those
    that found no room. ``opens_window`` as in ``Turn``. ``finish_reason`` is ``stop`` or
    ``length``; ``first_token_seconds`` runs from the request.
    """

    model: str
    prompt: tuple[Message, ...]
    finish_reason: str
    usage: Usage
    first_token_seconds: float
    shown: tuple[int, ...]
    left_out: tuple[int, ...] = ()
    opens_window: bool = False


class LLM(Protocol):
    """Writes an answer from sources."""

    @property
    def name(self) -> str:
        """What people call it."""

    def write(self, assignment: Assignment) -> AsyncGenerator[str | Report, None]:
        """The answer in the quote protocol, in pieces cut anywhere; a report may come last.

        Raises:
            LLMUnavailable: It cannot be reached.
            LLMBusy: It takes no further question just now.
            LLMInterrupted: It stopped in the middle; the pieces so far stay valid.
        """
