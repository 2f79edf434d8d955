"""Answers without a model that writes: how often the first quoted sentence is the evidence."""

from __future__ import annotations

import asyncio

from serve.evaluation.evaluation import answer_figures, spread
from serve.evaluation.question_set import read_questions
from tests.bench.citations import answers_to
from tests.bench.corpus import Corpus, squad_corpus
from tests.bench.options import Options
from tests.bench.tables import percent, print_table

_SETS = {
    "SQuAD2 articles": ("squad2-dev-open.json", "article"),
    "PIAF (fr), 761 paragraphs": ("piaf-open.json", "paragraph"),
}


def run(options: Options) -> None:
    """Print the share over answerable questions, each answered whatever its support."""
    rows: list[list[str]] = []
    for name, (file, by) in _SETS.items():
        with squad_corpus(options.data / file, by, options.corpora) as corpus:
            rows.append([name, *_row(corpus, 20 if options.quick else 400)])
    heads = ["set", "questions", "cited", "first quote is the evidence", "passage 1 holds it"]
    print_table("Extractive answers", [*heads, "citations true"], rows)


def _row(corpus: Corpus, count: int) -> list[str]:
    questions = [q for q in read_questions(corpus.questions) if q.answerable and q.quote]
    asked = spread(questions, count)
    answers = asyncio.run(answers_to(corpus, [question.question for question in asked]))
    figures = answer_figures(corpus.database, asked, answers)
    cited = sum(bool(answer.citations) for answer in answers)
    held = [
        " ".join((question.quote or "").split())
        in " ".join(answer.hits[0].stored.chunk.text.split())
        for question, answer in zip(asked, answers, strict=True)
        if answer.hits
    ]
    return [
        str(len(asked)),
        str(cited),
        percent(figures.evidence_first),
        percent(sum(held) / len(asked)),
        percent(figures.citations.validity),
    ]
