"""Answers without a model that writes: the best sentences of the passages, each its own quote."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.analysis import terms
from retrieval.embedder import Embedder
from retrieval.sentences import sentence_spans
from retrieval.types import Hit
from serve.answers.llm import NO_ANSWER, Assignment, Report, Source
from serve.answers.prompt import neutral
from serve.request_turns import own_turn

NAME = "extractive"
_PASSAGES = 5
_SENTENCES = 3
_SHORTEST = 20
_LONGEST = 600
_QUESTION_MARKS = "?？؟"
_NEAR_BEST = 0.85
"""A further sentence is given if it scores at least this share of the best one."""

_MEANING, _WORDS, _PASSAGE = 0.35, 0.65, 0.6
"""Weights of cosine, words shared with the question, and the passage's own score: with these the
first sentence is most often the one that holds the answer, in English and in French alike
(``make bench``)."""


Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: int
    text: str
    language: str
    passage: float


class ExtractiveLLM:
    """Quotes the sentences nearest to the question in words and in meaning."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = NAME
        self._embedder = embedder

    async def write(self, assignment: Assignment) -> AsyncGenerator[str | Report, None]:
        """See ``LLM``."""
        async with own_turn():
            best = await asyncio.to_thread(self._best, assignment)
        if not best:
            yield NO_ANSWER
        for place, one in enumerate(best):
            text = neutral(one.text)
            yield f'{" " if place else ""}{text} <q s="{one.source}">{text}</q>'

    def _best(self, assignment: Assignment) -> list[_Candidate]:
        candidates = _candidates(assignment.retrieval.hits[:_PASSAGES], assignment.sources)
        if not candidates:
            return []
        scores = self._scores(assignment, candidates)
        order = np.argsort(-scores, kind="stable")[:_SENTENCES]
        least = scores[order[0]] * _NEAR_BEST
        return [candidates[i] for i in order if scores[i] >= least]

    def _scores(self, assignment: Assignment, candidates: Sequence[_Candidate]) -> Scores:
        words = assignment.retrieval.terms
        lexical = word_overlap(words, [terms(one.text, one.language) for one in candidates])
        passage = np.array([one.passage for one in candidates], np.float32)
        query = self._embedder.embed_query(assignment.question)
        dense = self._embedder.embed_documents([one.text for one in candidates]) @ query
        scores: Scores = _MEANING * dense + _WORDS * lexical + _PASSAGE * passage
        return scores


def word_overlap(words: Sequence[tuple[str, ...]], sentences: Sequence[Sequence[str]]) -> Scores:
    """The share of the question's words in each sentence, rarer words among them weighing more."""
    found = np.array(
        [[any(v in held for v in variants) for variants in words] for held in map(set, sentences)],
        np.float32,
    ).reshape(len(sentences), len(words))
    weights = np.log1p(len(sentences) / (0.5 + found.sum(axis=0)))
    total = float(weights.sum())
    return found @ weights / total if total else np.zeros(len(sentences), np.float32)


def _candidates(hits: Sequence[Hit], sources: Sequence[Source]) -> list[_Candidate]:
    seen: set[str] = set()
    candidates: list[_Candidate] = []
    for hit, source in zip(hits, sources, strict=False):
        chunk = hit.stored.chunk
        for span in sentence_spans(chunk.text):
            text = _shortened(chunk.text[span.start : span.end])
            key = " ".join(text.casefold().split())
            if len(text) >= _SHORTEST and text[-1] not in _QUESTION_MARKS and key not in seen:
                seen.add(key)
                candidates.append(_Candidate(source.n, text, chunk.language, hit.score))
    return candidates


def _shortened(sentence: str) -> str:
    """A sentence, or the beginning of one that is too long to be shown."""
    if len(sentence) <= _LONGEST:
        return sentence
    return sentence[:_LONGEST].rsplit(" ", 1)[0]
