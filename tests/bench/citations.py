"""Citations of real answers, checked letter by letter: on texts, and on PDFs, which have boxes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from retrieval.contents import document_text
from retrieval.sentences import sentence_spans
from retrieval.store import DocumentFilter, list_documents
from serve.answers.answerer import Answerer, AnswererOptions
from serve.answers.events import Answer, collected
from serve.answers.extractive import ExtractiveLLM
from serve.answers.follow_up import Finder
from serve.answers.inquiry import Inquiry
from serve.answers.writers import Writers
from serve.evaluation.citation_check import CitationChecks, checked_citations
from serve.evaluation.evaluation import spread
from serve.evaluation.question_set import read_questions
from tests.bench.corpus import Corpus, pdf_corpus, squad_corpus
from tests.bench.options import Options
from tests.bench.tables import percent, print_table

_SHORTEST = 40


def citation_validity(options: Options) -> float:
    """The share of true citations over texts and PDFs together; prints them apart."""
    count = 10 if options.quick else 100
    checks: dict[str, CitationChecks] = {}
    for name, file in (("SQuAD2 articles", "squad2-dev-open.json"), ("PIAF", "piaf-open.json")):
        by = "article" if name == "SQuAD2 articles" else "paragraph"
        with squad_corpus(options.data / file, by, options.corpora) as corpus:
            asked = [q.question for q in spread(read_questions(corpus.questions), count)]
            checks[name] = _checked(corpus, asked)
    with pdf_corpus(options.data / "pdf", options.corpora) as corpus:
        checks["real PDFs"] = _checked(corpus, _sentences(corpus, 2 * count))
    rows = [_row(name, one) for name, one in checks.items()]
    heads = ["answers over", "citations", "no page", "not verbatim", "not covered", "true"]
    print_table("Citations", heads, rows)
    return sum(one.valid for one in checks.values()) / sum(one.total for one in checks.values())


def _row(name: str, one: CitationChecks) -> list[str]:
    counts = map(str, (one.total, one.no_page, one.not_verbatim, one.not_covered))
    return [name, *counts, percent(one.validity)]


def _checked(corpus: Corpus, questions: Sequence[str]) -> CitationChecks:
    answers = asyncio.run(answers_to(corpus, questions))
    return checked_citations(corpus.database, [c for answer in answers for c in answer.citations])


async def answers_to(corpus: Corpus, questions: Sequence[str]) -> list[Answer]:
    """An answer to every question, whatever its support."""
    always = AnswererOptions(threshold=0.0)
    llm = ExtractiveLLM(corpus.embedder)
    answerer = Answerer(corpus.database, Finder(corpus.retriever), Writers(llm), always)
    return [await collected(answerer.answer(Inquiry(q, corpus.scope))) for q in questions]


def _sentences(corpus: Corpus, count: int) -> list[str]:
    """Sentences of all documents, an equal number of each: nobody has asked these PDFs anything."""
    found: list[str] = []
    with corpus.database.read() as connection:
        documents = list_documents(connection, DocumentFilter(corpus.scope, limit=1_000))
        ready = [document for document in documents if document.seq is not None]
        for document in ready:
            text = "\n".join(document_text(connection, document.id, corpus.scope))
            sentences = [text[span.start : span.end] for span in sentence_spans(text)]
            long = [each for each in sentences if len(each) >= _SHORTEST] or sentences
            found += spread(long, max(1, count // len(ready)))
    return found
