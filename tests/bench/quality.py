"""Quality on the open sets: every figure beside what it must reach and what we aim at."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from retrieval.evaluation import auroc
from retrieval.store import DocumentFilter, list_documents
from retrieval.support import support_of
from retrieval.types import Scope
from serve.evaluation.evaluation import (
    DEPTH,
    Observation,
    document_ranking,
    evidence_shares,
    spread,
)
from serve.evaluation.question_set import Question, read_questions
from tests.bench.citations import citation_validity
from tests.bench.corpus import Corpus, squad_corpus
from tests.bench.options import Options
from tests.bench.orders import ORDERS, Order
from tests.bench.tables import percent, print_table

_K = 8
_ALL = 200
_DRAWS = 3
_NUMBER = re.compile(r"([ _-]*\(?\d+\)?)?\.txt$")

_SETS = {
    "SQuAD2 articles": ("squad2-dev-open.json", "article"),
    "SQuAD2 passages": ("squad2-dev-open.json", "paragraph"),
    "PIAF (fr)": ("piaf-open.json", "paragraph"),
    "XQuAD de": ("xquad.de.json", "paragraph"),
    "XQuAD es": ("xquad.es.json", "paragraph"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured share with what it must reach and what we aim at."""

    name: str
    value: float
    must: float | None = None
    aim: float | None = None

    def row(self) -> list[str]:
        """Its line of the table."""
        verdict = "" if self.must is None else "ok" if self.value >= self.must else "below"
        if self.aim is not None and self.value >= self.aim:
            verdict = "aim reached"
        return [self.name, percent(self.value), percent(self.must), percent(self.aim), verdict]


def run(options: Options) -> None:
    """Print the figures, and the fusion beside other orders."""
    figures: list[Figure] = []
    orders: list[list[str]] = []
    for name in _SETS:
        with _corpus(options, name) as corpus:
            questions = _answerable(corpus, options)
            seen = _observed(corpus, questions)
            figures += _figures(name, corpus, seen)
            orders += [
                [name, label, *_order_row(corpus, seen, order)] for label, order in ORDERS.items()
            ]
            if name in ("SQuAD2 articles", "PIAF (fr)"):
                figures.append(_abstention(name, corpus, questions, options))
    figures.append(Figure("citations true", citation_validity(options), 1.0))
    print_table("Quality", ["figure", "measured", "must", "aim", ""], [f.row() for f in figures])
    heads = ["set", "order", "hit@1", "hit@5", "MRR@10", "evidence in 750", "in 1,500"]
    print_table("Orders of the same candidates", heads, orders)


@contextmanager
def _corpus(options: Options, name: str) -> Iterator[Corpus]:
    file, by = _SETS[name]
    with squad_corpus(options.data / file, by, options.corpora) as corpus:
        yield corpus


def _answerable(corpus: Corpus, options: Options) -> list[Question]:
    questions = [q for q in read_questions(corpus.questions) if q.answerable and q.document]
    return spread(questions, 100 if options.quick else 1_200)


def _observed(corpus: Corpus, questions: Sequence[Question]) -> list[Observation]:
    return [
        Observation(q, corpus.retriever.retrieve(q.question, corpus.scope, _ALL).hits, 0.0)
        for q in questions
    ]


def _figures(name: str, corpus: Corpus, seen: list[Observation]) -> list[Figure]:
    ranking = document_ranking(seen, _K)
    evidence = _evidence(corpus, seen)
    if ranking is None:
        return []
    match name:
        case "SQuAD2 articles":
            return [
                Figure(f"{name}: evidence within 750 tokens", evidence[750], 0.94, 0.96),
                Figure(f"{name}: evidence within 1,500 tokens", evidence[1_500], 0.96, 0.98),
            ]
        case "SQuAD2 passages":
            return [Figure(f"{name}: MRR@10", ranking.mrr_at_10, 0.87, 0.90)]
        case "PIAF (fr)":
            return [
                Figure(f"{name}: hit@1", ranking.hit_at_1, 0.65, 0.70),
                Figure(f"{name}: hit@5", ranking.hit_at_5, 0.84, 0.88),
            ]
        case "XQuAD de":
            return [Figure(f"{name}: hit@1", ranking.hit_at_1, 0.88, 0.92)]
        case _:
            return [Figure(f"{name}: hit@1", ranking.hit_at_1, 0.91, 0.94)]


def _order_row(corpus: Corpus, seen: Sequence[Observation], order: Order) -> list[str]:
    ordered = [replace(one, hits=order(one.hits)) for one in seen]
    ranking = document_ranking(ordered, _K)
    evidence = _evidence(corpus, ordered)
    if ranking is None:
        return []
    shown = (ranking.hit_at_1, ranking.hit_at_5, ranking.mrr_at_10, evidence[750], evidence[1_500])
    return [percent(value) for value in shown]


def _evidence(corpus: Corpus, seen: Sequence[Observation]) -> dict[int, float]:
    first = [replace(one, hits=one.hits[:DEPTH]) for one in seen]
    texts = {hit.stored.chunk.text for one in first for hit in one.hits}
    counts = dict(zip(texts, corpus.embedder.count_tokens(list(texts)), strict=True))
    return evidence_shares(first, lambda some: [counts[text] for text in some]) or {}


def _abstention(
    name: str, corpus: Corpus, questions: Sequence[Question], options: Options
) -> Figure:
    """How well support tells questions about documents inside the scope from the others."""
    with corpus.database.read() as connection:
        documents = list_documents(connection, DocumentFilter(corpus.scope, limit=100_000))
    articles = sorted({_article(document.name) for document in documents})
    scores: list[float] = []
    labels: list[bool] = []
    for draw in range(1 if options.quick else _DRAWS):
        kept = set(random.Random(draw).sample(articles, len(articles) // 2))
        inside = frozenset(d.id for d in documents if _article(d.name) in kept)
        for question in spread(questions, 100 if options.quick else 600):
            found = corpus.retriever.retrieve(question.question, Scope(documents=inside), _K)
            scores.append(support_of(found))
            labels.append(_article(question.document or "") in kept)
    label = f"{name}: abstention AUROC, half of the articles out of scope"
    targets = (0.96, 0.985) if name == "SQuAD2 articles" else ()
    return Figure(label, auroc(scores, labels), *targets)


def _article(name: str) -> str:
    return _NUMBER.sub("", name)
