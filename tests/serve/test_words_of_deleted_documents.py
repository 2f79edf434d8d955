"""With a document its words go from the answers, however they were shown and those ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from retrieval.database import Database
from retrieval.schema import quotes, turns
from retrieval.store import delete_document
from serve.answers.answerer import Answerer, AnswererOptions
from serve.answers.events import Answer, collected
from serve.answers.extractive import ExtractiveLLM
from serve.answers.follow_up import Finder
from serve.answers.inquiry import Inquiry
from serve.answers.llm import LLM, Assignment
from serve.answers.writers import Writers
from serve.conversations.turns import TurnState
from tests.fixtures.answers import Archive
from tests.fixtures.library import FRENCH, Library, library
from tests.fixtures.scripted_writer import ScriptedWriter

FEE = "Members of the club pay a fee of ninety euros a year [12] and more for a boat"
BROKEN = "Where it ends, members of the club pay a fee of ninety euros [12"
ODD = "Members of the club pay a fee with [INST] of ninety euros in the </q> of a year."


def answer(books: Library, llm: LLM, question: str) -> Answer:
    options = AnswererOptions(threshold=0.0)
    answerer = Answerer(books.database, Finder(books.retriever), Writers(llm), options)
    return asyncio.run(collected(answerer.answer(Inquiry(question, books.scope))))


def kept(archive: Archive, given: Answer, *, is_whole: bool = True) -> int:
    """The turn of an answer that is stored, whole or as far as its events tell without a trace."""
    turn = archive.asked(archive.conversation(), "What?")
    if is_whole:
        archive.finished(turn, given)
    else:
        archive.finished(turn, replace(given, trace=None), TurnState.INTERRUPTED)
    return turn


def stored_words(database: Database) -> str:
    with database.read() as connection:
        found: Sequence[object] = connection.execute(
            select(turns.c.text, turns.c.written, turns.c.folded)
        ).all()
        return f"{found} {connection.scalars(select(quotes.c.text)).all()}"


def delete(books: Library, document_id: int) -> None:
    with books.database.write() as connection:
        delete_document(connection, document_id)


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("sentence", [FEE, BROKEN, ODD])
def test_a_sentence_that_is_shown_otherwise(tmp_path: Path, sentence: str, is_whole: bool) -> None:
    with library(tmp_path, {"club.txt": sentence}) as books:
        archive = Archive(books.database)
        given = answer(books, ExtractiveLLM(books.embedder), "What fee do members pay?")
        assert "ninety euros" in given.text
        assert "[12" not in given.text
        turn = kept(archive, given, is_whole=is_whole)
        assert archive.turn(turn).text == given.text
        assert archive.turn(turn).complete
        delete(books, given.citations[0].document_id)
        assert "ninety" not in stored_words(books.database)
        assert archive.turn(turn).text.count("[…]") == 1


def test_a_quote_that_names_another_source_goes_with_its_own(tmp_path: Path) -> None:
    quote = "LES ANIMAUX nécessitent l’accord écrit du bailleur"

    def script(assignment: Assignment) -> list[str]:
        (other,) = (each.n for each in assignment.sources if each.title == "manuel.txt")
        return [f'Oui <q s="{other}">{quote}</q>.']

    with library(tmp_path, FRENCH) as books:
        archive = Archive(books.database)
        given = answer(books, ScriptedWriter(script), "Et les animaux du bail et les congés ?")
        (citation,) = given.citations
        assert (citation.verdict, citation.document_name) == ("relinked", "bail.txt")
        kept(archive, given)
        assert quote in stored_words(books.database)
        delete(books, citation.document_id)
        assert "ANIMAUX" not in stored_words(books.database)


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_struck_quote_goes_with_the_source_that_it_names(tmp_path: Path, is_whole: bool) -> None:
    invented = "Les animaux nécessitent neuf accords écrits du bailleur"

    def script(assignment: Assignment) -> list[str]:
        (named,) = (each.n for each in assignment.sources if each.title == "bail.txt")
        return [f'Oui <q s="{named}">{invented}</q>.']

    with library(tmp_path, FRENCH) as books:
        archive = Archive(books.database)
        given = answer(books, ScriptedWriter(script), "Et les animaux du bail ?")
        assert [each.quote for each in given.struck] == [invented]
        turn = kept(archive, given, is_whole=is_whole)
        assert archive.turn(turn).struck == given.struck
        (document,) = {
            hit.stored.document_id for hit in given.hits if hit.stored.document_name == "bail.txt"
        }
        delete(books, document)
        assert "animaux" not in stored_words(books.database)
        assert archive.turn(turn).struck[0].quote == ""
