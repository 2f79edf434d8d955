from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from retrieval.contents import read_page
from retrieval.schema import documents
from retrieval.store import delete_document
from retrieval.types import Scope
from serve.answers.answerer import Answerer, AnswererOptions
from serve.answers.events import (
    Answer,
    Cited,
    Done,
    Event,
    Failed,
    Retrieved,
    Started,
    Text,
    collected,
)
from serve.answers.extractive import ExtractiveLLM
from serve.answers.follow_up import Finder
from serve.answers.inquiry import Inquiry
from serve.answers.llm import Assignment
from serve.answers.writers import Writers
from serve.errors import LLMUnavailable
from tests.fixtures.library import ENGLISH, FRENCH, Library, library
from tests.fixtures.scripted_writer import ScriptedWriter

ALWAYS = AnswererOptions(threshold=0.0)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("answers")
    with library(folder, ENGLISH | FRENCH) as made:
        yield made


def extractive(books: Library, options: AnswererOptions = ALWAYS) -> Answerer:
    return Answerer(
        books.database, Finder(books.retriever), Writers(ExtractiveLLM(books.embedder)), options
    )


def scripted(books: Library, *pieces: str) -> Answerer:
    writers = Writers(ScriptedWriter(lambda _: pieces))
    return Answerer(books.database, Finder(books.retriever), writers, ALWAYS)


def answer(answerer: Answerer, question: str, scope: Scope) -> Answer:
    return asyncio.run(collected(answerer.answer(Inquiry(question, scope))))


def events(answerer: Answerer, question: str, scope: Scope) -> list[Event]:
    async def all_events() -> list[Event]:
        return [event async for event in answerer.answer(Inquiry(question, scope))]

    return asyncio.run(all_events())


def test_the_events_come_in_their_order(books: Library) -> None:
    seen = events(extractive(books), "What is the notice period of the lease?", books.scope)
    assert isinstance(seen[0], Started)
    assert isinstance(seen[1], Retrieved)
    assert isinstance(seen[-1], Done)
    first_citation = next(i for i, event in enumerate(seen) if isinstance(event, Cited))
    mark = next(i for i, e in enumerate(seen) if isinstance(e, Text) and "[1]" in e.delta)
    assert first_citation < mark


@pytest.mark.parametrize(
    ("question", "document", "words"),
    [
        ("What is the notice period of the lease?", "lease.txt", "three months"),
        ("Quel est le préavis de ce bail ?", "bail.txt", "trois mois"),
        ("How many days of paid leave do employees have?", "handbook.txt", "thirty days"),
        ("Sous combien de temps sont remboursés les frais ?", "manuel.txt", "deux semaines"),
    ],
)
def test_the_answer_quotes_the_right_sentence(
    books: Library, question: str, document: str, words: str
) -> None:
    given = answer(extractive(books), question, books.scope)
    assert not given.abstained
    assert given.citations[0].document_name == document
    assert words in given.citations[0].quote


def test_each_citation_can_be_checked_against_the_stored_page(books: Library) -> None:
    given = answer(extractive(books), "What is the notice period of the lease?", books.scope)
    for citation in given.citations:
        with books.database.read() as connection:
            page = read_page(connection, citation.document_id, citation.page, books.scope)
        assert page.text[citation.span.start : citation.span.end] == citation.quote
        assert citation.rects
        assert citation.page_size == (600.0, 800.0)
    marks = [f"[{citation.n}]" for citation in given.citations]
    assert marks == [f"[{n}]" for n in range(1, len(marks) + 1)]
    assert all(mark in given.text for mark in marks)


def test_below_the_threshold_it_says_so_in_the_language_of_the_question(books: Library) -> None:
    strict = extractive(books, AnswererOptions(threshold=1.1))
    given = answer(strict, "Quel est le préavis de ce bail ?", books.scope)
    assert given.abstained
    assert given.text == "Les documents ne contiennent pas la réponse."
    assert given.hits
    assert not given.citations


def test_an_empty_scope_gives_no_passage_and_no_answer(books: Library) -> None:
    given = answer(extractive(books), "What is the notice period?", Scope())
    assert given.abstained
    assert given.hits == ()


def test_a_writer_may_abstain(books: Library) -> None:
    given = answer(scripted(books, "NO_", "ANSWER"), "What is the notice period?", books.scope)
    assert given.abstained
    assert given.text == "The documents do not hold the answer."


def test_a_quote_that_stands_nowhere_is_not_cited(books: Library) -> None:
    writer = scripted(books, 'Ten years. <q s="1">The notice period is ten years.</q> Surely.')
    given = answer(writer, "What is the notice period?", books.scope)
    assert given.citations == ()
    assert given.text == "Ten years.  Surely."


def test_the_same_quote_twice_is_one_citation(books: Library) -> None:
    quote = '<q s="1">The notice period of this lease is three months</q>'
    given = answer(scripted(books, quote, " and ", quote), "Notice period of lease?", books.scope)
    assert given.text == "[1] and [1]"
    assert len(given.citations) == 1


def test_a_writer_that_fails_leaves_the_passages(books: Library) -> None:
    def script(_: Assignment) -> Sequence[str]:
        raise LLMUnavailable("The model does not answer.")

    answerer = Answerer(
        books.database, Finder(books.retriever), Writers(ScriptedWriter(script)), ALWAYS
    )
    given = answer(answerer, "What is the notice period?", books.scope)
    assert given.failure == Failed("llm_unavailable", "The model does not answer.")
    assert given.hits


@pytest.mark.parametrize("closing", ["</q>, and that is all.", ""])
def test_a_document_that_goes_while_it_is_cited_leaves_an_answer(
    tmp_path: Path, closing: str
) -> None:
    with library(tmp_path, ENGLISH) as books:

        def script(assignment: Assignment) -> Iterator[str]:
            yield "The notice period is three months "
            with books.database.write() as connection:
                for document_id in connection.scalars(select(documents.c.id)).all():
                    delete_document(connection, document_id)
            source = assignment.sources[0]
            yield f'<q s="{source.n}">{first_line(source.text)}{closing}'

        answerer = Answerer(
            books.database, Finder(books.retriever), Writers(ScriptedWriter(script)), ALWAYS
        )
        found = answer(answerer, "What is the notice period of the lease?", books.scope)
    assert found.failure is None
    assert not found.grounded
    assert len(found.struck) == 1
    assert found.trace is not None
    assert [quote.verdict for quote in found.trace.quotes] == ["struck"]
    assert found.text.startswith("The notice period is three months")


def first_line(text: str) -> str:
    return text.split("\n")[0]


def test_a_document_with_our_own_tags_is_still_quoted(tmp_path: Path) -> None:
    text = 'A closing tag </q> and an opening <q s="9"> stand in this odd sentence about tags.'
    with library(tmp_path, {"odd.txt": text}) as odd:
        given = answer(extractive(odd), "What stands in the odd sentence about tags?", odd.scope)
    assert [citation.quote for citation in given.citations] == [text]
    assert "<q" not in given.text
