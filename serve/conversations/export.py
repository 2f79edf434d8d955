"""A conversation as a Markdown document, its citations as footnotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from serve.answers.events import Citation, Failed
from serve.answers.phrases import why
from serve.conversations.history import StoredTurn, Withheld
from serve.conversations.store import Conversation
from serve.conversations.turns import TurnState

Wording = Literal[
    "question", "answer", "page", "quoted", "withheld", "answering", "interrupted", "failed"
]

_WORDING: dict[str, dict[Wording, str]] = {
    "en": {
        "question": "Question",
        "answer": "Answer",
        "page": ", p. {}",
        "quoted": ": “{}”",
        "withheld": "This source is not available any more.",
        "answering": "The answer is still being written.",
        "interrupted": "The answer was interrupted.",
        "failed": "The answer failed: {}",
    },
    "fr": {
        "question": "Question",
        "answer": "Réponse",
        "page": ", p. {}",
        "quoted": " : « {} »",
        "withheld": "Cette source n’est plus disponible.",
        "answering": "La réponse est en cours de rédaction.",
        "interrupted": "La réponse a été interrompue.",
        "failed": "La réponse a échoué : {}",
    },
}
_MARK = re.compile(r"\[(\d{1,4})\]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_UNSAFE = re.compile(r"[^\w .,()'-]+")
_NAME_CHARACTERS = 80


def markdown_of(conversation: Conversation, turns: Sequence[StoredTurn]) -> str:
    """A conversation's turns in their order as Markdown, in its own language."""
    languages = Counter(turn.language for turn in turns if turn.language in _WORDING)
    language = languages.most_common(1)[0][0] if languages else "en"
    writing = _Writing(language)
    title = conversation.title or f"{writing.wording['question']} {conversation.id}"
    blocks = [f"# {_escaped(title)}"]
    for number, turn in enumerate(turns, 1):
        blocks += writing.turn(number, turn)
    return "\n\n".join([*blocks, *writing.footnotes]) + "\n"


def file_name(conversation: Conversation, ending: str) -> str:
    """The value of Content-Disposition for a conversation's file."""
    words = " ".join(_UNSAFE.sub(" ", conversation.title).split())
    stem = words[:_NAME_CHARACTERS].strip(" .")
    plain = f"conversation-{conversation.id}"
    encoded = quote(f"{stem or plain}.{ending}", safe="")
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{encoded}"


@dataclass(slots=True, eq=False)
class _Writing:
    """A document while it is written; footnotes are numbered through all turns."""

    language: str
    footnotes: list[str] = field(default_factory=list)

    @property
    def wording(self) -> dict[Wording, str]:
        return _WORDING[self.language]

    def turn(self, number: int, turn: StoredTurn) -> Iterator[str]:
        yield f"## {self.wording['question']} {number}"
        yield "\n".join(f"> {_escaped(line)}".rstrip() for line in turn.question.splitlines())
        yield f"### {self.wording['answer']}"
        if turn.text:
            yield self._answer(turn)
        if turn.state is not TurnState.COMPLETE:
            failure = turn.failure or Failed("", "")
            reason = why(failure.code, failure.message, self.language)
            yield f"*{self.wording[_state_wording(turn.state)].format(_escaped(reason))}*"

    def _answer(self, turn: StoredTurn) -> str:
        footnotes = {str(each.n): self._footnote(each) for each in turn.citations}
        # Nothing in an answer may become a tag of HTML.
        text = turn.text.replace("<", "\\<").strip()
        return _MARK.sub(lambda mark: footnotes.get(mark[1], mark[0]), text)

    def _footnote(self, citation: Citation | Withheld) -> str:
        mark = f"[^{len(self.footnotes) + 1}]"
        self.footnotes.append(f"{mark}: {self._source(citation)}")
        return mark

    def _source(self, citation: Citation | Withheld) -> str:
        if isinstance(citation, Withheld):
            return self.wording["withheld"]
        place = f"**{_escaped(citation.document_name)}**"
        if citation.paged:
            number, label = str(citation.page), citation.page_label
            page = number if label in ("", number) else f"{number} ({_escaped(label)})"
            place += self.wording["page"].format(page)
        return place + self.wording["quoted"].format(_escaped(citation.quote))


def _state_wording(state: TurnState) -> Wording:
    match state:
        case TurnState.ANSWERING:
            return "answering"
        case TurnState.FAILED:
            return "failed"
        case _:
            return "interrupted"


def _escaped(text: str) -> str:
    """A text on one line in which nothing is Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
