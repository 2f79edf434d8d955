"""How well retrieval, abstention and citations do on a question set, over real documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TypeVar

from retrieval.database import Database
from retrieval.embedder import Embedder
from retrieval.evaluation import auroc, evidence_within_budget, mrr_at_k, ndcg_at_k, recall_at_k
from retrieval.retriever import Retriever
from retrieval.support import support_of
from retrieval.types import Hit, Scope
from serve.answers.answerer import Answerer, AnswererOptions
from serve.answers.events import Answer, collected
from serve.answers.extractive import ExtractiveLLM
from serve.answers.follow_up import Finder
from serve.answers.inquiry import Inquiry
from serve.answers.writers import Writers
from serve.evaluation.citation_check import CitationChecks, checked_citations
from serve.evaluation.question_set import Question
from serve.evaluation.setting import Setting

BUDGETS = (750, 1_500)
"""Tokens of context within which the evidence should be."""

DEPTH = 50
"""Chunks retrieved for a question: more than fill the largest budget."""

Item = TypeVar("Item")


Watched = Callable[[Iterable[Question], str], Iterable[Question]]
"""Hands the questions on, and may show how far they are; the text says what is done with them."""


def _unwatched(questions: Iterable[Question], _: str) -> Iterable[Question]:
    return questions


@dataclass(frozen=True, slots=True)
class Observation:
    """What retrieval gave for a question; ``support`` is that of the first ``k`` hits."""

    question: Question
    hits: tuple[Hit, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Where the expected document, page or chunk stands in the order; means over ``questions``."""

    questions: int
    hit_at_1: float
    hit_at_5: float
    hit_at_10: float
    recall_at_k: float
    mrr_at_10: float
    ndcg_at_10: float


@dataclass(frozen=True, slots=True)
class Abstention:
    """What the support of questions says about whether the documents answer them.

    ``coverage`` is the share of all questions whose support reaches ``threshold``, ``precision``
    the share of these that the documents answer, ``answered`` the share of the answerable ones that
    are among them. ``auroc`` is None where all questions are of one kind.
    """

    threshold: float
    coverage: float
    precision: float | None
    answered: float | None
    auroc: float | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers to ``questions`` were; ``evidence_first`` of those that give a quote.

    That is the share of answered questions whose first quote holds the expected one, or is part of
    it.
    """

    questions: int
    answered: int
    failed: int
    evidence_first: float | None
    citations: CitationChecks


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything measured with one setting; None where the question set says nothing about it."""

    setting: str
    document: Ranking | None
    page: Ranking | None
    quote: Ranking | None
    evidence: dict[int, float] | None
    abstention: Abstention
    answers: Answers | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Runs question sets against one scope; ``k`` chunks are what an answer is written from."""

    database: Database
    embedder: Embedder
    retriever: Retriever
    scope: Scope
    k: int = 8

    def figures(
        self,
        questions: Sequence[Question],
        setting: Setting,
        answers: int = 200,
        watched: Watched | None = None,
    ) -> Figures:
        """The figures of one setting; at most ``answers`` of the questions are answered in full."""
        watched = watched or _unwatched
        seen = self.observed(watched(questions, f"{setting.label}: retrieval"), setting)
        asked = spread(questions, answers)
        given = asyncio.run(self._answered(watched(asked, f"{setting.label}: answers"), setting))
        return Figures(
            setting=setting.label,
            document=document_ranking(seen, self.k),
            page=page_ranking(seen, self.k),
            quote=quote_ranking(seen, self.k),
            evidence=evidence_shares(seen, self.embedder.count_tokens),
            abstention=abstention(seen, setting.threshold),
            answers=answer_figures(self.database, asked, given) if asked else None,
        )

    def observed(self, questions: Iterable[Question], setting: Setting) -> list[Observation]:
        """What retrieval gives for each question with a setting."""
        retriever = self.retriever.with_options(setting.options)
        seen: list[Observation] = []
        for question in questions:
            retrieval = retriever.retrieve(question.question, self.scope, max(DEPTH, self.k))
            support = support_of(replace(retrieval, hits=retrieval.hits[: self.k]))
            seen.append(Observation(question, retrieval.hits, support))
        return seen

    async def _answered(self, questions: Iterable[Question], setting: Setting) -> list[Answer]:
        answerer = Answerer(
            self.database,
            Finder(self.retriever.with_options(setting.options)),
            Writers(ExtractiveLLM(self.embedder)),
            AnswererOptions(setting.threshold),
        )
        return [
            await collected(answerer.answer(Inquiry(question.question, self.scope, self.k)))
            for question in questions
        ]


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, taken evenly from all of them, in order."""
    if len(items) <= most:
        return list(items)
    return [items[place * len(items) // most] for place in range(most)]


def document_ranking(seen: Sequence[Observation], k: int) -> Ranking | None:
    """How the expected documents are ranked, each by its best chunk."""
    return _ranking(
        [
            ([hit.stored.document_name for hit in one.hits], one.question.document)
            for one in seen
            if one.question.answerable and one.question.document
        ],
        k,
    )


def page_ranking(seen: Sequence[Observation], k: int) -> Ranking | None:
    """How the expected pages are ranked, each by its best chunk."""
    return _ranking(
        [
            (
                [(hit.stored.document_name, hit.stored.chunk.page) for hit in one.hits],
                (one.question.document, one.question.page),
            )
            for one in seen
            if one.question.answerable and one.question.document and one.question.page
        ],
        k,
    )


def quote_ranking(seen: Sequence[Observation], k: int) -> Ranking | None:
    """How the first chunk is ranked that holds the whole quote, of the expected document."""
    judged: list[tuple[list[int], int | None]] = []
    for one in seen:
        if one.question.answerable and one.question.quote:
            holding = (hit.stored.id for hit in one.hits if _holds(hit, one.question))
            judged.append(([hit.stored.id for hit in one.hits], next(holding, None)))
    return _ranking(judged, k)


def _holds(hit: Hit, question: Question) -> bool:
    is_meant = question.document in (None, hit.stored.document_name)
    return is_meant and _plain(question.quote or "") in _plain(hit.stored.chunk.text)


def _ranking(judged: Sequence[tuple[Sequence[Hashable], Hashable]], k: int) -> Ranking | None:
    if not judged:
        return None
    pairs = [(list(dict.fromkeys(ids)), [relevant]) for ids, relevant in judged]

    def recall(cut: int) -> float:
        return fmean(recall_at_k(ids, relevant, cut) for ids, relevant in pairs)

    return Ranking(
        questions=len(pairs),
        hit_at_1=recall(1),
        hit_at_5=recall(5),
        hit_at_10=recall(10),
        recall_at_k=recall(k),
        mrr_at_10=fmean(mrr_at_k(ids, relevant, 10) for ids, relevant in pairs),
        ndcg_at_10=fmean(ndcg_at_k(ids, {relevant[0]: 1.0}, 10) for ids, relevant in pairs),
    )


def evidence_shares(
    seen: Sequence[Observation],
    count_tokens: Callable[[Sequence[str]], list[int]],
    budgets: Sequence[int] = BUDGETS,
) -> dict[int, float] | None:
    """For each budget, the share of quotes that stand whole in one of the chunks within it."""
    asked = [one for one in seen if one.question.answerable and one.question.quote]
    if not asked:
        return None
    found: dict[int, list[bool]] = {budget: [] for budget in budgets}
    for one in asked:
        texts = [hit.stored.chunk.text for hit in one.hits]
        tokens = count_tokens(texts)
        for budget in budgets:
            quote = one.question.quote or ""
            found[budget].append(evidence_within_budget(quote, texts, tokens, budget))
    return {budget: fmean(within) for budget, within in found.items()}


def abstention(seen: Sequence[Observation], threshold: float) -> Abstention:
    """What answering only from a support of ``threshold`` upwards gives."""
    labels = [one.question.answerable for one in seen]
    chosen = [one.question.answerable for one in seen if one.support >= threshold]
    both = any(labels) and not all(labels)
    return Abstention(
        threshold=threshold,
        coverage=len(chosen) / len(labels),
        precision=fmean(chosen) if chosen else None,
        answered=sum(chosen) / sum(labels) if any(labels) else None,
        auroc=auroc([one.support for one in seen], labels) if both else None,
    )


def answer_figures(
    database: Database, questions: Sequence[Question], answers: Sequence[Answer]
) -> Answers:
    """How the answers to questions did, and whether every citation is true."""
    first: list[bool] = []
    for question, answer in zip(questions, answers, strict=True):
        if question.answerable and question.quote and answer.citations:
            first.append(_agree(question.quote, answer.citations[0].quote))
    citations = [citation for answer in answers for citation in answer.citations]
    return Answers(
        questions=len(answers),
        answered=sum(not (answer.abstained or answer.failure) for answer in answers),
        failed=sum(answer.failure is not None for answer in answers),
        evidence_first=fmean(first) if first else None,
        citations=checked_citations(database, citations),
    )


def _agree(expected: str, quote: str) -> bool:
    expected, quote = _plain(expected), _plain(quote)
    return expected in quote or quote in expected


def _plain(text: str) -> str:
    return " ".join(text.split())
