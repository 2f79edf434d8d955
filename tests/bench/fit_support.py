"""Fit the weights of ``retrieval.support`` on open question sets, and print how well they do.

``make fit-support DATA=../shared/data``. Half of the articles are put out of scope, three times;
a question about one of them is one that the documents do not answer. The model is fitted on half of
the articles and measured on questions about the others, then fitted on all.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from retrieval.evaluation import auroc
from retrieval.store import DocumentFilter, list_documents
from retrieval.support import THRESHOLD, SupportModel, features_of
from retrieval.types import Scope
from serve.evaluation.question_set import read_questions
from tests.bench.corpus import Corpus, squad_corpus

_COVERED = (("squad2-dev-open.json", "article"), ("xquad.en.json", "paragraph"))
_UNCOVERED = (
    ("piaf-open.json", "paragraph"),
    ("xquad.de.json", "paragraph"),
    ("xquad.es.json", "paragraph"),
)
_DRAWS = 3
_QUESTIONS = 600
_NUMBER = re.compile(r"([ _-]*\(?\d+\)?)?\.txt$")


@dataclass(frozen=True, slots=True)
class Sample:
    """The features of one question, whether the documents answer it, and its article."""

    features: tuple[float, ...]
    answerable: bool
    article: str


def main() -> None:
    """Fit both models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".bench"))
    arguments = parser.parse_args()
    for name, sources in (("COVERED", _COVERED), ("UNCOVERED", _UNCOVERED)):
        samples: list[Sample] = []
        for file, by in sources:
            with squad_corpus(arguments.data / file, by, arguments.cache) as corpus:
                samples += _samples(corpus)
        _report(name, samples)


def _samples(corpus: Corpus) -> list[Sample]:
    with corpus.database.read() as connection:
        documents = list_documents(connection, DocumentFilter(corpus.scope, limit=100_000))
    articles = sorted({_article(document.name) for document in documents})
    questions = [q for q in read_questions(corpus.questions) if q.answerable and q.document]
    samples: list[Sample] = []
    for draw in range(_DRAWS):
        chance = random.Random(draw)
        kept = set(chance.sample(articles, len(articles) // 2))
        inside = frozenset(d.id for d in documents if _article(d.name) in kept)
        for question in chance.sample(questions, min(_QUESTIONS, len(questions))):
            retrieval = corpus.retriever.retrieve(question.question, Scope(documents=inside), 8)
            article = _article(question.document or "")
            samples.append(Sample(features_of(retrieval), article in kept, article))
    return samples


def _article(name: str) -> str:
    return _NUMBER.sub("", name)


def _report(name: str, samples: Sequence[Sample]) -> None:
    articles = sorted({sample.article for sample in samples})
    random.Random(0).shuffle(articles)
    training = set(articles[::2])
    model = _fitted([sample for sample in samples if sample.article in training])
    held_out = [sample for sample in samples if sample.article not in training]
    scores = [_probability(model, sample.features) for sample in held_out]
    labels = [sample.answerable for sample in held_out]
    answered = [label for score, label in zip(scores, labels, strict=True) if score >= THRESHOLD]
    print(f"{name}: {len(held_out)} questions about articles that were not fitted on")
    print(f"  AUROC {auroc(scores, labels):.4f}")
    print(
        f"  at threshold {THRESHOLD}: answers {len(answered) / len(labels):.3f} of all questions, "
        f"{sum(answered) / max(len(answered), 1):.3f} of these are about the documents, "
        f"{sum(answered) / max(sum(labels), 1):.3f} of the questions about them are answered"
    )
    for wanted in (0.9, 0.95, 0.99):
        best = _widest(scores, labels, wanted)
        if best:
            print(f"  precision {wanted}: coverage {best[0]:.3f} at {best[1]:.3f}")
    final = _fitted(samples)
    weights = ", ".join(f"{weight:.2f}" for weight in final.weights)
    print(f"  {name} = SupportModel(({weights}), {final.constant:.2f})")


def _widest(
    scores: Sequence[float], labels: Sequence[bool], precision: float
) -> tuple[float, float] | None:
    """The greatest share of questions answered at that precision, and from which score on."""
    order = np.argsort(scores)[::-1]
    ranked, right = np.asarray(scores)[order], np.cumsum(np.asarray(labels)[order])
    answered = np.arange(1, len(ranked) + 1)
    is_whole = np.append(ranked[1:] != ranked[:-1], True)
    found = answered[is_whole & (right / answered >= precision)]
    return (float(found[-1] / len(ranked)), float(ranked[found[-1] - 1])) if len(found) else None


def _fitted(samples: Sequence[Sample]) -> SupportModel:
    regression = LogisticRegression(C=100.0, max_iter=5_000)
    regression.fit([sample.features for sample in samples], [s.answerable for s in samples])
    return SupportModel(tuple(regression.coef_[0].tolist()), float(regression.intercept_[0]))


def _probability(model: SupportModel, features: Sequence[float]) -> float:
    logit = float(np.dot(model.weights, features)) + model.constant
    return float(1 / (1 + np.exp(-logit)))


if __name__ == "__main__":
    main()
