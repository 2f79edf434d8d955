"""What a script has the server write, and how it may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    what it sends into pieces of that size. ``retry_after`` is what a busy server says, in seconds.
    """

    text: str = ""
    first_seconds: float = 0.0
    token_seconds: float = 0.0
    fault: Fault | None = None
    after: int = 0
    comments: bool = False
    bytes_per_write: int = 0
    retry_after: int = 0


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


def rest_of(reply: Reply, body: dict[str, Any]) -> Reply:
    """What of a reply is to be written, where the request holds its beginning."""
    if not body.get("continue_final_message"):
        return reply
    begun = str(body["messages"][-1].get("content"))
    return replace(reply, text=reply.text.removeprefix(begun))


def question_of(body: dict[str, Any]) -> str:
    """The question that was asked last, without the sources."""
    asked_for = [each for each in body["messages"] if each.get("role") == "user"]
    last = str((asked_for or body["messages"])[-1].get("content"))
    asked = _QUESTION.findall(last)
    return str(asked[-1]) if asked else _SOURCE.sub("", last).strip()


def _first_sentence(text: str) -> str:
    for span in sentence_spans(text):
        if found := _QUOTABLE.search(text[span.start : span.end]):
            return found.group()
    return ""


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
