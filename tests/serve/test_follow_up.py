from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.question_language import content_words
from serve.answers.answerer import Answerer, AnswererOptions
from serve.answers.events import Answer, collected
from serve.answers.follow_up import Finder, Found, Rewriter
from serve.answers.generative import GenerativeLLM, GenerativeOptions
from serve.answers.inquiry import Inquiry, PastTurn
from serve.answers.writers import Writers
from serve.inference.admission import Admission
from serve.scripted.replies import Reply, Script
from serve.scripted.server import ScriptedServer
from tests.fixtures.library import ENGLISH, FRENCH, Library, library
from tests.serve.test_generative import watched


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("follow-up")
    with library(folder, ENGLISH | FRENCH) as made:
        yield made


def past(question: str, answer: str = "") -> PastTurn:
    return PastTurn(question, "en", answer, {}, ())


def found(books: Library, question: str, *turns: PastTurn) -> Found:
    return asyncio.run(Finder(books.retriever).found(Inquiry(question, books.scope, 8, turns)))


def names(found: Found) -> list[str]:
    return [hit.stored.document_name for hit in found.retrieval.hits]


def test_a_question_alone_is_one_query(books: Library) -> None:
    given = found(books, "What is the notice period of the lease?")
    assert given.queries == ("What is the notice period of the lease?",)
    assert names(given)[0] == "lease.txt"


def test_without_a_model_the_question_before_lends_its_content_words(books: Library) -> None:
    given = found(books, "And when is it due?", past("How high is the rent of the lease?"))
    assert given.queries == ("And when is it due?", "And when is it due? high rent lease")
    assert names(given)[0] == "lease.txt"
    assert given.retrieval.query == "And when is it due?"
    ids = [hit.stored.id for hit in given.retrieval.hits]
    assert len(ids) == len(set(ids)) <= 8


@pytest.mark.parametrize("language", ["en", "fr", "pt"])
def test_one_word_is_asked_in_the_language_of_the_conversation(
    books: Library, language: str
) -> None:
    earlier = PastTurn("Why?", language, "So.", {}, ())
    assert found(books, "Continue", earlier).retrieval.language == language
    assert found(books, "Et pourquoi donc ?", earlier).retrieval.language == "fr"


def test_one_word_alone_is_asked_in_a_language_of_the_documents(tmp_path: Path) -> None:
    for name, texts, language in (("en", ENGLISH, "en"), ("fr", FRENCH, "fr")):
        with library(tmp_path / name, texts) as small:
            assert found(small, "Continue").retrieval.language == language
            assert found(small, "Continue", past("")).retrieval.language == "en"


def rewriting(books: Library, script: Script, *turns: PastTurn) -> tuple[Found, ScriptedServer]:
    server = ScriptedServer(script)

    async def asked() -> Found:
        async with watched(server) as watch:
            await watch.first_look()
            server.requests.clear()
            finder = Finder(books.retriever, Rewriter(watch))
            return await finder.found(Inquiry("Et pour les congés ?", books.scope, 8, turns))

    return asyncio.run(asked()), server


def rewrite(body: dict[str, Any]) -> Reply:
    if "Earlier question" not in str(body):
        return Reply("Hello.")
    return Reply(json.dumps({"q": "Combien de jours de congés ont les salariés ?"}))


def test_the_model_rewrites_with_one_short_call_under_a_schema(books: Library) -> None:
    turn = past("Quels frais <|eot_id|> ?", 'Les frais <q s="1">de déplacement</q>.')
    given, server = rewriting(books, rewrite, turn)
    assert given.queries == (
        "Et pour les congés ?",
        "Combien de jours de congés ont les salariés ?",
    )
    assert names(given)[0] == "manuel.txt"
    (body,) = server.requests
    assert body["max_tokens"] == 64
    assert "schema" in json.dumps(body)
    assert body["cache_salt"]
    prompt = body["messages"][1]["content"]
    assert "<|" not in prompt
    assert "<q" not in prompt
    assert "\nQuestion: Et pour les congés ?" in prompt


@pytest.mark.parametrize(
    "reply",
    [
        Reply("no JSON"),
        Reply('{"q": 3}'),
        Reply('{"q": " "}'),
        Reply(fault="failure"),
        Reply(fault="busy"),
        Reply("x", first_seconds=10.0),
    ],
)
def test_a_rewrite_that_fails_or_dawdles_is_done_without(books: Library, reply: Reply) -> None:
    def script(body: dict[str, Any]) -> Reply:
        return reply if "Earlier question" in str(body) else Reply("{}")

    given, _ = rewriting(books, script, past("Quels frais sont remboursés ?"))
    assert given.queries[1] == "Et pour les congés ? frais remboursés"


def test_a_question_is_rewritten_when_it_is_its_turn(books: Library) -> None:
    at_the_model: list[int] = []

    def script(body: dict[str, Any]) -> Reply:
        at_the_model.append(server.running)
        text = rewrite(body).text
        return Reply(text, first_seconds=0.05)

    server = ScriptedServer(script)

    async def asked() -> list[Answer]:
        async with watched(server) as watch:
            await watch.first_look()
            at_the_model.clear()
            answerer = Answerer(
                books.database,
                Finder(books.retriever, Rewriter(watch)),
                Writers(GenerativeLLM(watch, GenerativeOptions()), admission=Admission(1, 8)),
                AnswererOptions(threshold=0.0),
            )
            inquiry = Inquiry("Et pour les congés ?", books.scope, 8, (past("Quels frais ?"),))
            return await asyncio.gather(*(collected(answerer.answer(inquiry)) for _ in range(4)))

    answers = asyncio.run(asked())
    assert at_the_model == [0] * 8
    for each in answers:
        assert each.failure is None
        assert each.trace is not None
        assert each.trace.queries[1] == "Combien de jours de congés ont les salariés ?"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the notice period?", ["notice", "period"]),
        ("Où est le bureau de la direction ?", ["bureau", "direction"]),
        ("Wie hoch ist die Miete?", ["hoch", "Miete"]),
    ],
)
def test_content_words(question: str, words: list[str]) -> None:
    assert content_words(question) == words
