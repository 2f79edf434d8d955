"""What a script has the server write, and how it may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from retrieval.sentences import sentence_spans
from serve.answers.llm import NO_ANSWER

Fault = Literal["failure", "busy", "error", "abort", "end", "done", "cut", "garbage", "silence"]
"""Before anything is written: status 500, status 503. After some tokens: an error frame as of a
dead engine, finish reason ``abort``, the end of the stream, ``[DONE]`` without a finish reason, a
broken connection, a frame that cannot be read, nothing more."""

_SOURCE = re.compile(r'<src n="(\d{1,4})"[^>]*>(.*?)</src>', re.DOTALL)
_QUESTION = re.compile(r"^Question: (.*)$", re.MULTILINE)
_QUOTABLE = re.compile(r"[^\s<]+(?:\s+[^\s<]+){0,24}")
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is written, at what pace, and what goes wrong after how many tokens.

    With ``comments`` the server shows signs of life between its tokens. ``bytes_per_write`` cuts
    what it sends into pieces of that size.
    """

    text: str = ""
    first_seconds: float = 0.0
    token_seconds: float = 0.0
    fault: Fault | None = None
    after: int = 0
    comments: bool = False
    bytes_per_write: int = 0


Script = Callable[[dict[str, Any]], Reply]
"""What to write for the body of a request."""


def quoting(body: dict[str, Any]) -> Reply:
    """The first sentence of the source nearest to the question, in the quote protocol."""
    sources = [
        (number, text)
        for message in body["messages"]
        if message.get("role") == "user"
        for number, text in _SOURCE.findall(str(message.get("content")))
    ]
    if not sources:
        return Reply(NO_ANSWER)
    asked = _words(question_of(body))
    # Of equals the last: the best source stands next to the question.
    number, text = max(reversed(sources), key=lambda source: len(asked & _words(source[1])))
    quote = _first_sentence(text)
    return Reply(f'It says so here: <q s="{number}">{quote}</q>.' if quote else NO_ANSWER)


def question_of(body: dict[str, Any]) -> str:
    """The question of the last message, without the sources."""
    last = str(body["messages"][-1].get("content"))
    asked = _QUESTION.findall(last)
    return str(asked[-1]) if asked else _SOURCE.sub("", last).strip()


def _first_sentence(text: str) -> str:
    for span in sentence_spans(text):
        if found := _QUOTABLE.search(text[span.start : span.end]):
            return found.group()
    return ""


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
