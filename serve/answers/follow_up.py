"""Questions that lean on the conversation before them, made to be found without it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from retrieval.question_language import content_words
from retrieval.retriever import Retrieval, Retriever
from retrieval.support import support_of
from retrieval.types import Hit
from serve.answers.inquiry import Inquiry
from serve.answers.prompt import neutral, without_quotes
from serve.errors import Busy, LLMUnavailable
from serve.inference.completion import CompletionRequest, JsonSchema, Message
from serve.inference.watch import Watched
from serve.request_turns import own_turn

log = logging.getLogger(__name__)

_TURNS = 4
_ANSWER_CHARACTERS = 300
_TOKENS = 64
_SECONDS = 2.0
_LONGEST = 400

_RULES = """\
You are given what was said before, and a question. Write that question so that it can be understood
alone, in the same language, with the names and things that it leaves to the conversation. Do not
answer it. If it can be understood alone already, repeat it."""

_SCHEMA = JsonSchema(
    {
        "type": "object",
        "properties": {"q": {"type": "string", "maxLength": _LONGEST}},
        "required": ["q"],
        "additionalProperties": False,
    }
)


class Rewriter:
    """Asks a model, with one short call, for a question that stands alone."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    async def rewritten(self, inquiry: Inquiry) -> str:
        """The question with what it leaves to the conversation.

        Raises:
            LLMUnavailable: The model cannot be asked, takes over two seconds, or writes no JSON.
            LLMBusy: It takes no further request.
        """
        capabilities = await self._watched.writing()
        request = CompletionRequest(
            messages=(Message("system", _RULES), Message("user", _conversation(inquiry))),
            model=capabilities.model,
            max_tokens=_TOKENS,
            constraint=_SCHEMA if capabilities.json_schema else None,
            cache_salt=self._watched.cache_salt(inquiry.asker),
            request_id=inquiry.request_id,
        )
        text, _ = await self._watched.client.complete(request, _SECONDS)
        return _question_in(text)


class Finder:
    """Finds passages for a question that may lean on the ones before it.

    Without a rewriter, such a question is searched with the content words of the one before it.
    """

    def __init__(self, retriever: Retriever, rewriter: Rewriter | None = None) -> None:
        self._retriever = retriever
        self._rewriter = rewriter

    def asks_model(self, inquiry: Inquiry) -> bool:
        """Whether a model is to rewrite the question: it must be its turn."""
        return self._rewriter is not None and bool(inquiry.past)

    async def found(self, inquiry: Inquiry) -> Found:
        """The passages for a question, and for what it means in its conversation."""
        queries = [inquiry.question]
        if inquiry.past:
            queries.append(await self._standing_alone(inquiry))
        unique = tuple(dict.fromkeys(queries))
        async with own_turn():
            return await asyncio.to_thread(self._retrieved, inquiry, unique)

    async def _standing_alone(self, inquiry: Inquiry) -> str:
        if self._rewriter is not None:
            try:
                return await self._rewriter.rewritten(inquiry)
            except (LLMUnavailable, Busy) as error:
                log.info("a follow-up question was not rewritten: %s", error.code)
        return " ".join([inquiry.question, *content_words(inquiry.past[-1].question)])

    def _retrieved(self, inquiry: Inquiry, queries: Sequence[str]) -> Found:
        scope, k = inquiry.scope, inquiry.k
        spoken = inquiry.past[-1].language if inquiry.past else ""
        retrievals = [self._retriever.retrieve(query, scope, k, spoken) for query in queries]
        support = max(support_of(retrieval) for retrieval in retrievals)
        hits = _best(hit for retrieval in retrievals for hit in retrieval.hits)
        return Found(replace(retrievals[0], hits=hits[:k]), support, tuple(queries))


@dataclass(frozen=True, slots=True)
class Found:
    """The passages for a question, their support, and the queries that found them."""

    retrieval: Retrieval
    support: float
    queries: tuple[str, ...]


def _best(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The hits, each passage once, by the best score that any query gave it.

    Those with equal scores come in the order that ``past_turns`` gives them as well.
    """
    by_chunk: dict[int, Hit] = {}
    for hit in hits:
        known = by_chunk.get(hit.stored.id)
        if known is None or hit.score > known.score:
            by_chunk[hit.stored.id] = hit
    return tuple(sorted(by_chunk.values(), key=lambda hit: (-hit.score, hit.stored.id)))


def _conversation(inquiry: Inquiry) -> str:
    lines: list[str] = []
    for turn in inquiry.past[-_TURNS:]:
        lines.append(f"Earlier question: {neutral(turn.question)}")
        lines.append(
            f"Earlier answer: {neutral(without_quotes(turn.written))[:_ANSWER_CHARACTERS]}"
        )
    lines.append(f"Question: {neutral(inquiry.question)}")
    lines.append('Write JSON: {"q": "the question"}')
    return "\n".join(lines)


def _question_in(text: str) -> str:
    try:
        question = json.loads(text)["q"]
    except (ValueError, TypeError, KeyError):
        raise LLMUnavailable("The model wrote no question.") from None
    if not isinstance(question, str) or not question.strip():
        raise LLMUnavailable("The model wrote no question.")
    return question.strip()[:_LONGEST]
