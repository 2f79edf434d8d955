"""What every writer of answers must do, whatever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval.retriever import Retrieval
from serve.answers.citations import Abstention, Quote, QuoteParser, verified
from serve.answers.extractive import ExtractiveLLM
from serve.answers.generative import GenerativeLLM, GenerativeOptions
from serve.answers.llm import LLM, Assignment, Source
from serve.answers.served_model import watching
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.watch import Watched
from tests.fixtures.library import ENGLISH, FRENCH, Library, library
from tests.fixtures.scripted_llm import scripted_llm


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("llm")
    with library(folder, ENGLISH | FRENCH) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Subject:
    """A writer, and the watch over its server if it has one."""

    llm: LLM
    watched: Watched | None = None


@pytest.fixture(params=["extractive", "generative", "generative held to a grammar"])
def subject(request: pytest.FixtureRequest, books: Library) -> Iterator[Subject]:
    if request.param == "extractive":
        yield Subject(ExtractiveLLM(books.embedder))
        return
    options = GenerativeOptions(grammar="grammar" in request.param)
    with scripted_llm() as server:
        watched = Watched(InferenceClient(InferenceServer(server.url)))
        yield Subject(GenerativeLLM(watched, options), watched)


def assignment_for(books: Library, question: str) -> Assignment:
    retrieval = books.retriever.retrieve(question, books.scope, 8)
    sources = tuple(
        Source(n, hit.stored.document_name, "1", hit.stored.chunk.text)
        for n, hit in enumerate(retrieval.hits, start=1)
    )
    return Assignment(question, retrieval, sources)


def written(subject: Subject, assignment: Assignment) -> list[str | Quote | Abstention]:
    async def pieces() -> list[str]:
        async with watching(subject.watched):
            answer = subject.llm.write(assignment)
            return [piece async for piece in answer if isinstance(piece, str)]

    parser = QuoteParser()
    parts = [part for piece in asyncio.run(pieces()) for part in parser.feed(piece)]
    return [*parts, *parser.close()]


@pytest.mark.parametrize(
    "question", ["What is the notice period of the lease?", "Quel est le préavis du bail ?"]
)
def test_every_quote_stands_in_a_source(subject: Subject, books: Library, question: str) -> None:
    assignment = assignment_for(books, question)
    quotes = [part for part in written(subject, assignment) if isinstance(part, Quote)]
    assert quotes
    assert all(verified(quote, assignment.sources) for quote in quotes)


def test_without_sources_it_abstains(subject: Subject) -> None:
    nothing = Retrieval("Who?", "en", covered=True, terms=(), indexed_chunks=0, hits=())
    assert written(subject, Assignment("Who?", nothing, ())) == [Abstention()]


def test_it_has_a_name(subject: Subject) -> None:
    assert subject.llm.name
