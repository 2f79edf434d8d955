"""Conversations in both databases: what is kept, found, withheld and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.schema import citations, conversations, quotes, turn_sources, turns
from retrieval.schema import feedback as feedback_table
from retrieval.store import delete_document
from retrieval.types import Scope
from serve.answers.events import Citation, Degraded, Failed
from serve.answers.llm import Report
from serve.caller import OPERATOR
from serve.conversations.feedback import Feedback, give_feedback
from serve.conversations.history import Withheld, read_quotes
from serve.conversations.store import (
    ConversationFilter,
    Position,
    delete_conversation,
    list_conversations,
    name_conversation,
    show_branch,
    title_of,
    tree_of,
)
from serve.conversations.turn_outcome import prompt_sha256
from serve.conversations.turns import TurnState, interrupt_unfinished
from serve.inference.completion import Message, Usage
from tests.fixtures.answers import BAIL, NOTICE, RENT, Archive


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database)


def found(archive: Archive, words: str, scope: Scope | None = None) -> list[int]:
    with archive.database.read() as connection:
        wanted = ConversationFilter(OPERATOR, scope or archive.scope, words)
        return [each.id for each in list_conversations(connection, wanted)]


def rows(database: Database) -> dict[str, int]:
    tables = (conversations, turns, citations, quotes, turn_sources, feedback_table)
    with database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def test_an_answer_is_kept_as_it_was_shown(archive: Archive) -> None:
    archive.document("lease.pdf", f"{NOTICE} {RENT}")
    conversation = archive.conversation()
    turn = archive.asked(conversation, "What is the notice period?")
    waiting = archive.turn(turn)
    assert (waiting.state, waiting.text, waiting.finished_at) == (TurnState.ANSWERING, "", None)
    answer = archive.quoting(NOTICE)
    assert archive.finished(turn, answer)
    kept = archive.turn(turn)
    assert kept.state is TurnState.COMPLETE
    assert kept.text == answer.text
    assert kept.citations == answer.citations
    assert answer.trace
    assert (kept.written, kept.llm) == (answer.trace.written, "scripted")
    assert kept.complete
    assert kept.finished_at
    with archive.database.read() as connection:
        assert read_quotes(connection, turn, archive.scope) == list(answer.trace.quotes)


def test_a_report_is_kept_without_the_prompt(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "What?")
    answer = archive.quoting(NOTICE)
    assert answer.trace
    prompt = (Message("user", f"<src>{NOTICE}</src>"),)
    report = Report("llama", prompt, "length", Usage(9, 8, 7), 0.5, (), (2, 3), opens_window=True)
    archive.finished(turn, replace(answer, trace=replace(answer.trace, report=report)))
    kept = archive.turn(turn)
    assert kept.opens_window
    assert kept.report
    assert (kept.report.model, kept.report.finish_reason) == ("llama", "length")
    assert (kept.report.usage, kept.report.left_out) == (Usage(9, 8, 7), (2, 3))
    assert kept.report.prompt_sha256 == prompt_sha256(prompt)


def test_what_went_wrong_is_kept(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "What?")
    answer = archive.quoting(
        NOTICE,
        degraded=Degraded("llm_unavailable", "It is away."),
        failure=Failed("llm_interrupted", "It broke off."),
    )
    archive.finished(turn, answer, TurnState.FAILED)
    kept = archive.turn(turn)
    assert kept.degraded == answer.degraded
    assert kept.failure == answer.failure


def test_what_no_database_keeps_is_replaced(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "What?")
    archive.finished(turn, archive.quoting(NOTICE, text="A\0B\ud800C"))
    assert archive.turn(turn).text == "A\ufffdB\ufffdC"


def test_a_deleted_document_takes_its_words_with_it(archive: Archive) -> None:
    document = archive.document("lease.pdf", NOTICE)
    archive.document("other.pdf", RENT)
    conversation = archive.conversation()
    first = archive.answered(conversation, "Notice?", NOTICE)
    second = archive.answered(conversation, "Rent?", RENT)
    assert found(archive, "months lease") == [conversation]
    with archive.database.write() as connection:
        delete_document(connection, document)
    kept = archive.turn(first)
    assert kept.citations == (Withheld(1),)
    assert kept.text == "So it is: […] [1]. Surely."
    assert NOTICE not in kept.written
    assert not kept.complete
    other = archive.turn(second)
    assert other.complete
    assert isinstance(other.citations[0], Citation)
    assert found(archive, "months lease") == []
    assert rows(archive.database)["citations"] == 1


def test_a_document_out_of_the_scope_is_withheld_and_stays(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE, collection="secret")
    conversation = archive.conversation()
    turn = archive.answered(conversation, "Notice?", NOTICE)
    nobodys = Scope()
    kept = archive.turn(turn, nobodys)
    assert (kept.closed, kept.complete, kept.citations) == (True, False, ())
    assert kept.text.startswith("This answer is withheld")
    assert NOTICE not in repr(kept)
    assert "Surely" not in repr(kept)
    assert found(archive, "months", nobodys) == []
    assert found(archive, "surely", nobodys) == []
    assert found(archive, "surely") == [conversation]
    assert found(archive, "notice", nobodys) == [conversation]
    with archive.database.read() as connection:
        assert read_quotes(connection, turn, nobodys) == []
    assert archive.turn(turn).complete


def test_an_answer_is_withheld_with_a_source_that_it_does_not_cite(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    closed = archive.document("rent.pdf", RENT)
    turn = archive.asked(archive.conversation(), "Notice?")
    open_ones = replace(archive.scope, excluded=frozenset([closed]))
    answer = archive.quoting(NOTICE)
    assert {hit.stored.document_name for hit in answer.hits} == {"lease.pdf", "rent.pdf"}
    archive.finished(turn, answer)
    assert archive.turn(turn, open_ones).closed
    trace = answer.trace
    assert trace
    archive.finished(turn, replace(answer, trace=replace(trace, llm="extractive")))
    assert not archive.turn(turn, open_ones).closed


def test_a_document_that_goes_during_the_answer(archive: Archive) -> None:
    document = archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "Notice?")
    answer = archive.quoting(NOTICE)
    with archive.database.write() as connection:
        delete_document(connection, document)
    assert archive.finished(turn, answer)
    kept = archive.turn(turn)
    assert kept.text == "So it is: […] [1]. Surely."
    assert kept.citations == (Withheld(1),)


def test_a_struck_quote_goes_with_the_source_it_named(archive: Archive) -> None:
    document = archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "Notice?")
    invented = NOTICE.replace("three", "nine")
    answer = archive.inventing(invented)
    archive.finished(turn, answer)
    (struck,) = archive.turn(turn).struck
    assert struck == answer.struck[0]
    with archive.database.write() as connection:
        delete_document(connection, document)
    kept = archive.turn(turn)
    assert kept.struck[0].quote == ""
    assert kept.text[kept.struck[0].start : kept.struck[0].end] == "He climbs."
    assert invented not in repr(kept)


@pytest.mark.parametrize(
    "words",
    ["PREAVIS", "préavis", "bail mois", "œuvre", "OEUVRE l'auteur", "100%", "a_b", "", "  "],
)
def test_words_are_found_without_case_and_accents(archive: Archive, words: str) -> None:
    archive.document("bail.pdf", BAIL)
    conversation = archive.conversation("L’Œuvre de l’auteur")
    archive.answered(conversation, "Quel délai, à 100% et a_b ?", BAIL)
    assert found(archive, words) == [conversation]


@pytest.mark.parametrize("words", ["loyer", "preavis loyer", "100_", "%", "axb"])
def test_words_that_are_not_there(archive: Archive, words: str) -> None:
    archive.document("bail.pdf", BAIL)
    archive.answered(archive.conversation(), "Quel délai et a_b ?", BAIL)
    assert found(archive, words) == []


def test_the_list_goes_on_after_a_position(archive: Archive) -> None:
    made = [archive.conversation(str(number)) for number in range(5)]
    archive.asked(made[1], "Newest?")
    expected = [made[1], *(each for each in reversed(made) if each != made[1])]
    assert found(archive, "") == expected
    listed: list[int] = []
    after: Position | None = None
    with archive.database.read() as connection:
        while page := list_conversations(
            connection, ConversationFilter(OPERATOR, archive.scope, after=after, limit=2)
        ):
            listed += [each.id for each in page]
            after = Position(page[-1].updated_at.timestamp(), page[-1].id)
    assert listed == expected


def test_the_title_is_the_first_question_until_a_person_sets_one(archive: Archive) -> None:
    conversation = archive.conversation()
    first = archive.asked(conversation, "What is the notice period?")
    archive.asked(conversation, "And the rent?", first)
    assert archive.shown(conversation).title == "What is the notice period?"
    with archive.database.write() as connection:
        name_conversation(connection, OPERATOR, conversation, "Lease")
    archive.beside(first, "Another question")
    assert archive.shown(conversation).title == "Lease"
    assert archive.shown(conversation).titled_by_person
    assert found(archive, "lease") == [conversation]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Short?", "Short?"),
        ("Two\n\nlines\tand  tabs", "Two lines and tabs"),
        ("word " * 20, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
        ("a" * 58 + ", b c", "a" * 58 + "…"),
        ("z" * 60, "z" * 60),
    ],
)
def test_titles_end_with_a_word(question: str, title: str) -> None:
    assert title_of(question) == title


def test_deleting_leaves_nothing(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    kept, gone = archive.conversation("kept"), archive.conversation("gone")
    archive.answered(kept, "Notice?", NOTICE)
    before = rows(archive.database)
    turn = archive.answered(gone, "Notice?", NOTICE)
    archive.beside(turn)
    with archive.database.write() as connection:
        give_feedback(connection, turn, Feedback("up"))
        delete_conversation(connection, OPERATOR, gone)
    before["conversations"] -= 1
    assert rows(archive.database) == before
    with pytest.raises(NotFound):
        archive.shown(gone)
    with pytest.raises(NotFound):
        archive.turn(turn)
    assert not archive.finished(turn, archive.quoting(NOTICE))
    assert rows(archive.database) == before


def test_a_long_conversation_can_be_deleted(archive: Archive) -> None:
    conversation = archive.conversation()
    parent = archive.asked(conversation, "First?")
    template: dict[str, Any] = {}
    with archive.database.write() as connection:
        row = connection.execute(select(turns).where(turns.c.id == parent)).one()
        template = {key: value for key, value in row._mapping.items() if key != "id"}
        connection.execute(
            turns.insert(),
            [template | {"id": parent + i, "parent_id": parent + i - 1} for i in range(1, 1_500)],
        )
    with archive.database.write() as connection:
        delete_conversation(connection, OPERATOR, conversation)
    assert rows(archive.database)["turns"] == 0


def test_branches_are_shown_to_their_newest_end(archive: Archive) -> None:
    conversation, other = archive.conversation(), archive.conversation()
    first = archive.asked(conversation, "One?")
    second = archive.asked(conversation, "Two?")
    edited = archive.beside(first, "Uno?")
    foreign = archive.asked(other, "Else?")
    with archive.database.write() as connection:
        tree = tree_of(connection, OPERATOR, conversation)
        assert tree.path(edited) == [edited]
        assert tree.siblings(first) == [first, edited]
        show_branch(connection, OPERATOR, conversation, first)
        with pytest.raises(NotFound, match=f"No turn {foreign}"):
            show_branch(connection, OPERATOR, conversation, foreign)
    assert archive.shown(conversation).leaf_id == second
    with pytest.raises(NotFound, match=f"No turn {foreign}"):
        archive.asked(conversation, "After another's?", foreign)


def test_answers_that_a_stop_cut_off_are_marked(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    conversation = archive.conversation()
    done = archive.answered(conversation, "Notice?", NOTICE)
    cut_off = archive.asked(conversation, "Rent?")
    assert interrupt_unfinished(archive.database) == 1
    assert archive.turn(cut_off).state is TurnState.INTERRUPTED
    assert archive.turn(done).state is TurnState.COMPLETE
    assert interrupt_unfinished(archive.database) == 0


def test_feedback_is_replaced_and_taken_back(archive: Archive) -> None:
    turn = archive.asked(archive.conversation(), "Notice?")
    for given in (Feedback("up"), Feedback("down", "incomplete", "More!"), None):
        with archive.database.write() as connection:
            give_feedback(connection, turn, given)
        assert archive.turn(turn).feedback == given
