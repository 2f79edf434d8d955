"""What every writer of answers must do, whatever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.retriever import Retrieval
from serve.answers.citations import Abstention, Quote, QuoteParser, verified
from serve.answers.extractive import ExtractiveLLM
from serve.answers.llm import LLM, Assignment, ScriptedLLM, Source
from tests.fixtures.library import ENGLISH, FRENCH, Library, library


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("llm")
    with library(folder, ENGLISH | FRENCH) as made:
        yield made


@pytest.fixture(params=["extractive", "scripted"])
def llm(request: pytest.FixtureRequest, books: Library) -> LLM:
    if request.param == "extractive":
        return ExtractiveLLM(books.embedder)
    return ScriptedLLM(quoting_the_first_source)


def quoting_the_first_source(assignment: Assignment) -> list[str]:
    if not assignment.sources:
        return ["NO_", "ANSWER"]
    first = assignment.sources[0].text.split("\n")[0]
    return ["It says: ", '<q s="1">', first, "</q>"]


def assignment_for(books: Library, question: str) -> Assignment:
    retrieval = books.retriever.retrieve(question, books.scope, 8)
    sources = tuple(
        Source(n, hit.stored.document_name, "1", hit.stored.chunk.text)
        for n, hit in enumerate(retrieval.hits, start=1)
    )
    return Assignment(question, retrieval, sources)


def written(llm: LLM, assignment: Assignment) -> list[str | Quote | Abstention]:
    async def pieces() -> list[str]:
        return [piece async for piece in llm.write(assignment) if isinstance(piece, str)]

    parser = QuoteParser()
    parts = [part for piece in asyncio.run(pieces()) for part in parser.feed(piece)]
    return [*parts, *parser.close()]


@pytest.mark.parametrize(
    "question", ["What is the notice period of the lease?", "Quel est le préavis du bail ?"]
)
def test_every_quote_stands_in_a_source(llm: LLM, books: Library, question: str) -> None:
    assignment = assignment_for(books, question)
    quotes = [part for part in written(llm, assignment) if isinstance(part, Quote)]
    assert quotes
    assert all(verified(quote, assignment.sources) for quote in quotes)


def test_without_sources_it_abstains(llm: LLM) -> None:
    nothing = Retrieval("Who?", "en", covered=True, terms=(), indexed_chunks=0, hits=())
    assert written(llm, Assignment("Who?", nothing, ())) == [Abstention()]


def test_it_has_a_name(llm: LLM) -> None:
    assert llm.name
