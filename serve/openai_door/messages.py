"""From the messages of a program to a question and the conversation before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from serve.answers.inquiry import PastTurn
from serve.answers.prompt import neutral
from serve.errors import InvalidRequest
from serve.inference.completion import Message
from serve.openai_door.bodies import Content, InputItem
from serve.schemas import MAX_QUESTION_CHARACTERS, storable

_TASK = "### Task:"
_MOST_TURNS = 20
_MOST_ANSWER_CHARACTERS = 8_000
_TEXT_PARTS = ("text", "input_text", "output_text")
_SYSTEM = ("system", "developer")

_MARK = re.compile(r"\s?\[\d{1,3}\](?!\()")
_SOURCE_LIST = re.compile(
    r"(?:\n\n\*[^\n]{1,120}\*)?\n\n[^\n]{1,20}:\n\n(?:- \[\d{1,3}\] \[[^\n]*(?:\n|\Z))+\Z"
)


class SomeMessage(Protocol):
    """A message of either API."""

    @property
    def role(self) -> str:
        """Who speaks."""

    @property
    def content(self) -> Content:
        """What they say, in one text or in parts."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what was answered; empty where nothing was."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What a program asks: its system messages, what was said before, and the question."""

    instructions: str
    earlier: tuple[Exchange, ...]
    question: str

    @property
    def is_task(self) -> bool:
        """Whether Open WebUI asks for a title, tags and the like, not a person for an answer."""
        return self.question.startswith(_TASK)

    @property
    def past(self) -> tuple[PastTurn, ...]:
        """The conversation as a question's past, without sources: they were not kept."""
        turns = [each for each in self.earlier if each.answer][-_MOST_TURNS:]
        return tuple(
            PastTurn(
                question=each.question[:MAX_QUESTION_CHARACTERS],
                language="",
                written=neutral(_own_words(each.answer))[:_MOST_ANSWER_CHARACTERS],
                sources={},
                shown=(),
            )
            for each in turns
        )

    @property
    def prompt(self) -> tuple[Message, ...]:
        """All of it as a prompt for a model that is asked without documents."""
        messages = [Message("system", self.instructions)] if self.instructions else []
        for each in self.earlier:
            messages.append(Message("user", each.question))
            if each.answer:
                messages.append(Message("assistant", each.answer))
        return (*messages, Message("user", self.question))


def dialogue_of(messages: Iterable[SomeMessage], instructions: str = "") -> Dialogue:
    """The messages up to the last one of a user, which is the question.

    Raises:
        InvalidRequest: There is none, or a message holds something else than text.
    """
    systems = [instructions] if instructions else []
    exchanges: list[Exchange] = []
    for message in messages:
        text = text_of(message.content)
        if message.role in _SYSTEM:
            systems.append(text)
        elif message.role == "user":
            exchanges.append(Exchange(text, ""))
        elif message.role == "assistant" and exchanges and text:
            last = exchanges[-1]
            exchanges[-1] = Exchange(last.question, f"{last.answer}\n\n{text}".strip())
    if not exchanges or not exchanges[-1].question:
        raise InvalidRequest("There is no message of a user, so nothing is asked.")
    *earlier, last = exchanges
    return Dialogue("\n\n".join(systems), tuple(earlier), last.question)


def dialogue_of_input(given: str | list[InputItem], instructions: str) -> Dialogue:
    """The input of a response: one text, which is the question, or messages among other items.

    Raises:
        InvalidRequest: There is no question, or a message holds something else than text.
    """
    if isinstance(given, str):
        given = [InputItem(role="user", content=given)]
    return dialogue_of([each for each in given if each.type == "message"], instructions)


def checked_question(dialogue: Dialogue) -> str:
    """The question, if it is of a length that can be searched for.

    Raises:
        InvalidRequest: It is too long.
    """
    if len(dialogue.question) > MAX_QUESTION_CHARACTERS:
        raise InvalidRequest(
            f"The last message of the user has {len(dialogue.question)} characters; "
            f"a question has at most {MAX_QUESTION_CHARACTERS}.",
            advice="Long texts go in as files: POST /v1/files.",
        )
    return dialogue.question


def text_of(content: Content) -> str:
    """The text of a message.

    Raises:
        InvalidRequest: It holds an image, a sound, a file, or what no database can keep.
    """
    text = content if isinstance(content, str) else _joined(content or ())
    try:
        return storable(text).strip()
    except ValueError as error:
        raise InvalidRequest(f"A message {error}.") from None


def _joined(parts: Sequence[dict[str, Any]]) -> str:
    texts = []
    for part in parts:
        kind, text = part.get("type"), part.get("text")
        if kind not in _TEXT_PARTS or not isinstance(text, str):
            raise InvalidRequest(
                f"A message holds a part of the type {str(kind)[:40]!r}, "
                "and only text is read here, no images, sounds or files.",
                advice="Documents go in as files: POST /v1/files.",
            )
        texts.append(text)
    return "\n".join(texts)


def _own_words(answer: str) -> str:
    """An answer of ours as its client sends it back, without its numbers and list of sources."""
    return _MARK.sub("", _SOURCE_LIST.sub("", answer)).strip()
