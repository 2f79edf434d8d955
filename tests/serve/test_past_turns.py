"""What of a conversation goes with its next question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from retrieval.database import Database
from retrieval.store import delete_document
from retrieval.types import Scope
from serve.answers.events import Answer
from serve.answers.inquiry import PastTurn
from serve.answers.llm import NO_ANSWER, Report
from serve.caller import OPERATOR
from serve.conversations.past_turns import first_free_number, past_turns, read_sources
from serve.conversations.turns import TurnState
from serve.inference.completion import Usage
from tests.fixtures.answers import NOTICE, RENT, Archive


@pytest.fixture
def archive(database: Database) -> Archive:
    made = Archive(database)
    made.document("lease.pdf", NOTICE)
    made.document("rent.pdf", RENT, collection="money")
    return made


def past(
    archive: Archive, conversation: int, turn: int | None, scope: Scope | None = None
) -> tuple[PastTurn, ...]:
    with archive.database.read() as connection:
        return past_turns(connection, OPERATOR, conversation, turn, scope or archive.scope)


def reported(answer: Answer, *left_out: int, opens: bool = False) -> Answer:
    assert answer.trace
    report = Report("m", (), "stop", Usage(), 0.0, (), left_out, opens_window=opens)
    return replace(answer, trace=replace(answer.trace, report=report))


def only(answer: Answer, count: int) -> Answer:
    """The answer with fewer passages."""
    return replace(answer, hits=answer.hits[:count], numbers=answer.numbers[:count])


def test_the_branch_before_a_question(archive: Archive) -> None:
    conversation = archive.conversation()
    first = archive.answered(conversation, "Notice?", NOTICE)
    archive.beside(first, "Another branch")
    second = archive.answered(conversation, "Rent?", RENT, first)
    turns = past(archive, conversation, second)
    assert [turn.question for turn in turns] == ["Notice?", "Rent?"]
    assert turns[0].written == f'So it is: {NOTICE} <q s="1">{NOTICE}</q>. Surely.'
    assert turns[0].language == "en"
    assert {n: each.chunk.text for n, each in turns[0].sources.items()} == {1: NOTICE, 2: RENT}
    assert [turn.shown for turn in turns] == [(1, 2), ()]
    assert past(archive, conversation, None) == ()


def test_turns_without_an_answer_are_left_out(archive: Archive) -> None:
    conversation = archive.conversation()
    archive.answered(conversation, "Notice?", NOTICE)
    archive.asked(conversation, "Still waiting?")
    failed = archive.asked(conversation, "Failed?")
    nothing = only(replace(archive.quoting(NOTICE), text="", citations=(), trace=None), 0)
    archive.finished(failed, nothing, TurnState.FAILED)
    assert [turn.question for turn in past(archive, conversation, failed)] == ["Notice?"]


def test_an_answer_that_broke_off_is_in_the_protocol_too(archive: Archive) -> None:
    conversation = archive.conversation()
    turn = archive.asked(conversation, "Notice?")
    begun = replace(archive.quoting(NOTICE), text="So: [1] and [2", trace=None)
    archive.finished(turn, begun, TurnState.INTERRUPTED)
    (given,) = past(archive, conversation, turn)
    assert given.written == f'So: <q s="1">{NOTICE}</q> and [2'


def test_an_abstention_showed_nothing(archive: Archive) -> None:
    conversation = archive.conversation()
    turn = archive.asked(conversation, "Whales?")
    answer = archive.quoting(NOTICE)
    assert answer.trace
    silent = replace(answer.trace, written="", quotes=())
    archive.finished(turn, replace(answer, abstained=True, citations=(), text="No.", trace=silent))
    (given,) = past(archive, conversation, turn)
    assert (given.written, given.shown) == (NO_ANSWER, ())


def test_a_passage_is_shown_once_and_after_a_new_window_again(archive: Archive) -> None:
    conversation = archive.conversation()
    turn = archive.asked(conversation, "One?")
    archive.finished(turn, reported(archive.quoting(NOTICE), 2))
    turn = archive.asked(conversation, "Two?")
    archive.finished(turn, reported(archive.quoting(NOTICE)))
    turn = archive.asked(conversation, "Three?")
    archive.finished(turn, reported(archive.quoting(NOTICE), opens=True))
    shown = [given.shown for given in past(archive, conversation, turn)]
    assert shown == [(1,), (2,), (1, 2)]


def test_what_a_turn_showed_comes_best_first_whatever_its_number(archive: Archive) -> None:
    conversation = archive.conversation()
    turn = archive.asked(conversation, "Rent?")
    answer = archive.quoting(RENT)
    scored = zip(answer.hits, (0.2, 0.9), strict=True)
    hits = tuple(replace(hit, score=score) for hit, score in scored)
    archive.finished(turn, reported(replace(answer, hits=hits)))
    (given,) = past(archive, conversation, turn)
    assert given.shown == (2, 1)


def test_with_a_document_its_turn_and_all_before_it_go(archive: Archive) -> None:
    document = archive.document("gone.pdf", "The attic holds forty chairs.")
    conversation = archive.conversation()
    archive.answered(conversation, "Zero?", NOTICE)
    archive.answered(conversation, "Chairs?", "The attic holds forty chairs.")
    last = archive.asked(conversation, "Rent?")
    archive.finished(last, only(archive.quoting(RENT), 2))
    assert len(past(archive, conversation, last)) == 3
    with archive.database.write() as connection:
        delete_document(connection, document)
    (given,) = past(archive, conversation, last)
    assert given.question == "Rent?"
    assert given.shown == (1, 2)


def test_a_narrower_scope_sees_no_answer_from_outside_of_it(archive: Archive) -> None:
    conversation = archive.conversation()
    archive.answered(conversation, "Rent?", RENT)
    last = archive.asked(conversation, "Notice?")
    archive.finished(last, only(archive.quoting(NOTICE), 1))
    papers = Scope(frozenset({min(archive.scope.collections)}))
    given = past(archive, conversation, last, papers)
    assert [turn.question for turn in given] == ["Notice?"]
    assert RENT not in repr(given)
    assert past(archive, conversation, last, Scope()) == ()


def renumbered(answer: Answer, *numbers: int) -> Answer:
    """The answer, with other numbers for its passages."""
    return replace(answer, numbers=numbers)


def test_the_past_begins_after_a_number_that_meant_something_else(archive: Archive) -> None:
    conversation = archive.conversation()
    archive.answered(conversation, "Zero?", NOTICE)
    crossed = archive.asked(conversation, "Crossed?")
    archive.finished(crossed, renumbered(archive.quoting(NOTICE), 2, 1))
    last = archive.asked(conversation, "Rent?")
    archive.finished(last, renumbered(archive.quoting(RENT), 2, 3))
    assert [turn.question for turn in past(archive, conversation, crossed)] == ["Crossed?"]
    assert [turn.question for turn in past(archive, conversation, last)] == ["Crossed?", "Rent?"]


def test_the_past_means_by_its_numbers_what_the_answer_so_far_does(archive: Archive) -> None:
    conversation = archive.conversation()
    first = archive.answered(conversation, "Notice?", NOTICE)
    hits = archive.quoting(NOTICE).hits
    with archive.database.read() as connection:
        agreeing, crossed = (
            past_turns(connection, OPERATOR, conversation, first, archive.scope, begun)
            for begun in ({1: hits[0], 9: hits[1]}, {1: hits[1]})
        )
    assert [turn.question for turn in agreeing] == ["Notice?"]
    assert crossed == ()


def test_a_number_is_free_that_no_turn_of_the_branch_has(archive: Archive) -> None:
    conversation = archive.conversation()
    first = archive.asked(conversation, "Notice?")
    archive.finished(first, renumbered(archive.quoting(NOTICE), 1, 7))
    second = archive.answered(conversation, "Rent?", RENT)
    beside = archive.beside(first)
    archive.finished(beside, renumbered(archive.quoting(NOTICE), 8, 9))
    with archive.database.read() as connection:
        free = [
            first_free_number(connection, OPERATOR, conversation, turn)
            for turn in (None, first, second, beside)
        ]
    assert free == [1, 8, 8, 10]


def test_old_turns_are_left_out_ten_at_a_time(archive: Archive) -> None:
    conversation = archive.conversation()
    counts = []
    for number in range(32):
        turn = archive.answered(conversation, f"Question {number}?", NOTICE)
        given = past(archive, conversation, turn)
        counts.append(len(given))
        assert given[-1].question == f"Question {number}?"
        assert given[0].shown == (1, 2)
    assert counts == [*range(1, 21), *range(11, 21), 11, 12]


def test_sources_are_told_by_reference(archive: Archive) -> None:
    document = archive.document("gone.pdf", "The attic holds forty chairs.")
    turn = archive.answered(archive.conversation(), "Notice?", NOTICE)
    with archive.database.write() as connection:
        delete_document(connection, document)
        found = read_sources(connection, turn, archive.scope)
    assert [each.n for each in found] == [1, 2, 3]
    assert [each.stored.document_name for each in found if each.stored] == ["lease.pdf", "rent.pdf"]
