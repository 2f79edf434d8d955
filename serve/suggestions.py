"""Questions that the documents themselves suggest, worded for who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from retrieval.retriever import Retrieval
from retrieval.support import THRESHOLD, support_of
from retrieval.topics import Topic

SuggestionLanguage = Literal["en", "fr"]

_ABOUT_TOPIC: dict[SuggestionLanguage, str] = {
    "en": "What does \u201c{title}\u201d say about \u201c{words}\u201d?",
    "fr": "Que dit \u00ab\u202f{title}\u202f\u00bb sur \u00ab\u202f{words}\u202f\u00bb\u202f?",
}
_ABOUT_DOCUMENT: dict[SuggestionLanguage, str] = {
    "en": "What is \u201c{title}\u201d about?",
    "fr": "De quoi parle \u00ab\u202f{title}\u202f\u00bb\u202f?",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that a document probably answers."""

    question: str
    document_id: int
    document_title: str


def suggestions(
    topics: Iterable[Topic], language: SuggestionLanguage, retrieve: Callable[[str], Retrieval]
) -> Iterator[Suggestion]:
    """Questions about topics, as far as they would be answered when they are asked."""
    for topic in topics:
        pattern = (_ABOUT_TOPIC if topic.words else _ABOUT_DOCUMENT)[language]
        question = pattern.format(title=topic.document_title, words=topic.words)
        if support_of(retrieve(question)) >= THRESHOLD:
            yield Suggestion(question, topic.document_id, topic.document_title)
