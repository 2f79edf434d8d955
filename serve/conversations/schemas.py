"""Conversations over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from serve.answers.schemas import (
    AnswerOut,
    CitationOut,
    MessageOut,
    QuoteCheckOut,
    StruckOut,
    UsageOut,
)
from serve.conversations.feedback import FeedbackReason, FeedbackValue
from serve.schemas import AnswerLanguage, Body, ChatBody, Id, Name, Problem, Wire, Words, storable

MAX_COMMENT_CHARACTERS = 4_000

Comment = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_COMMENT_CHARACTERS),
    AfterValidator(storable),
]


class ConversationBody(Body):
    """A conversation to be made; without a title it takes one from its first question."""

    title: Name | None = None


class ConversationPatch(Body):
    """What is to change: the title, or the branch that is shown, by a turn that is on it."""

    title: Name | None = None
    leaf_id: Id | None = None


class TurnBody(ChatBody):
    """A question after a turn; where none is named, after the one that is shown last."""

    parent_id: Id | None = None


class ContinueBody(Body):
    """How the rest of an answer is to come."""

    trace: bool = False


class AgainBody(ContinueBody):
    """How the new answer to the same question is to come; without a language, in the same."""

    language: AnswerLanguage | None = None


class EditBody(AgainBody):
    """The question to ask in place of another."""

    question: Words


class FeedbackBody(Body):
    """What a person thinks of an answer; ``null`` takes it back. A reason is for ``down``."""

    value: FeedbackValue | None
    reason: FeedbackReason | None = None
    comment: Comment = ""

    @model_validator(mode="after")
    def _only_down_has_a_reason(self) -> Self:
        if self.reason is not None and self.value != "down":
            raise ValueError("a reason goes with the value down")
        return self


class JudgedOut(Wire):
    """A question whose answer was judged."""

    turn_id: int
    conversation_id: int
    question: str
    abstained: bool
    value: FeedbackValue
    reason: FeedbackReason | None
    comment: str
    judged_at: datetime


class JudgedCountOut(Wire):
    """How many answers were judged so, whoever asked."""

    value: FeedbackValue
    reason: FeedbackReason | None
    count: int


class FeedbackOverview(Wire):
    """Feedback: for administrators how often which, and the latest of one's own questions."""

    counts: list[JudgedCountOut]
    items: list[JudgedOut]


class ConversationOut(Wire):
    """A conversation; ``leaf_id`` is the last turn of the branch that is shown."""

    id: int
    title: str
    titled_by_person: bool
    leaf_id: int | None
    created_at: datetime
    updated_at: datetime


class ConversationList(Wire):
    """Some conversations, the one last changed first; ``next_cursor`` asks for the next ones."""

    items: list[ConversationOut]
    next_cursor: str | None = None


class KeptCitationOut(CitationOut):
    """A citation as it was shown."""

    available: Literal[True] = True


class WithheldCitationOut(Wire):
    """A citation whose document is gone."""

    n: int
    available: Literal[False] = False


class AskedOut(Wire):
    """What part of the documents was asked: ids of collections and documents, or all; and k.

    ``language`` is the one to answer in, or empty for that of the question.
    """

    collections: list[int]
    documents: list[int]
    k: int
    language: str


class FeedbackOut(Wire):
    """What a person thinks of an answer."""

    value: FeedbackValue
    reason: FeedbackReason | None
    comment: str


class TurnOut(Wire):
    """A question and its answer; ``siblings`` are the turns in its place, itself among them.

    ``withheld`` says that words are left out: those of documents that are gone leave the gap […].
    An answer that draws on a document that may not be seen any more is ``closed``: all of it is
    left out, and a sentence that says so stands in its place.
    """

    id: int
    conversation_id: int
    parent_id: int | None
    siblings: list[int]
    question: str
    asked: AskedOut
    state: Literal["answering", "complete", "interrupted", "failed"]
    answer: str
    withheld: bool
    closed: bool
    language: str
    support: float
    abstained: bool
    grounded: bool
    truncated: bool
    llm: str
    citations: list[KeptCitationOut | WithheldCitationOut]
    struck: list[StruckOut]
    degraded: Problem | None
    error: Problem | None
    feedback: FeedbackOut | None
    created_at: datetime
    finished_at: datetime | None


class ConversationDetail(ConversationOut):
    """A conversation and the turns of the branch that is shown, first to last."""

    turns: list[TurnOut]


class ConversationExport(ConversationOut):
    """A conversation and all its turns, oldest first."""

    turns: list[TurnOut]


class TurnAnswerOut(AnswerOut):
    """A whole answer in a conversation."""

    conversation_id: int
    turn_id: int


class PastSourceOut(Wire):
    """A passage that was found for a turn, by reference; only its number where it is withheld.

    One that is ``left_out`` was not shown to the model.
    """

    n: int
    score: float
    left_out: bool
    available: bool
    chunk_id: int | None = None
    document_id: int | None = None
    document_name: str | None = None
    page: int | None = None
    page_label: str | None = None


class PastReportOut(Wire):
    """How a model wrote an answer; ``prompt_sha256`` is that of the messages as JSON."""

    model: str
    finish_reason: str
    prompt_sha256: str
    usage: UsageOut
    first_token_seconds: float
    left_out: list[int]


class PastTraceOut(Wire):
    """How an answer came about; quotes and sources as far as they may be seen.

    ``prompt`` is null where no model wrote, and where any part of it may not be seen any more.
    """

    turn_id: int
    state: str
    llm: str
    queries: list[str]
    support: float
    sources: list[PastSourceOut]
    written: str
    quotes: list[QuoteCheckOut]
    report: PastReportOut | None
    prompt: list[MessageOut] | None
    opens_window: bool
    retrieved_seconds: float
    seconds: float
