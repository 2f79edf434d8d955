"""What feedback becomes as a question set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.database import Database
from retrieval.store import delete_document
from retrieval.types import Scope
from serve.caller import OPERATOR
from serve.conversations.feedback import Feedback, give_feedback
from serve.conversations.judged_questions import judged_questions
from serve.evaluation.question_set import Question, question_lines, read_questions
from tests.fixtures.answers import NOTICE, Archive

UP, DOWN = Feedback("up"), Feedback("down")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        yield Archive(database)


def judged(archive: Archive, feedback: Feedback, *, abstained: bool = False) -> int:
    """A judged answer to "Notice?"; the id of its document."""
    document = archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "Notice?")
    answer = archive.quoting(NOTICE)
    assert answer.trace
    answer = replace(answer, trace=replace(answer.trace, queries=("Notice?",)))
    if abstained:
        answer = replace(answer, abstained=True, citations=())
    archive.finished(turn, answer)
    with archive.database.write() as connection:
        give_feedback(connection, turn, feedback)
    return document


def found(archive: Archive, scope: Scope | None = None) -> list[Question]:
    with archive.database.read() as connection:
        return judged_questions(connection, OPERATOR, scope or archive.scope)


def test_a_good_answer_says_where_the_evidence_is(archive: Archive) -> None:
    judged(archive, UP)
    assert found(archive) == [Question("Notice?", "lease.pdf", 1, NOTICE)]


def test_a_good_abstention_says_that_there_is_none(archive: Archive) -> None:
    judged(archive, UP, abstained=True)
    assert found(archive) == [Question("Notice?", answerable=False)]


@pytest.mark.parametrize(
    ("feedback", "abstained", "is_known"),
    [
        (DOWN, False, False),
        (DOWN, True, True),
        (Feedback("down", "wrong_answer"), False, False),
        (Feedback("down", "other"), False, False),
        (Feedback("down", "incomplete"), False, True),
        (Feedback("down", "wrong_source"), False, True),
    ],
)
def test_a_bad_answer_says_at_most_that_there_is_an_answer(
    archive: Archive, feedback: Feedback, abstained: bool, is_known: bool
) -> None:
    judged(archive, feedback, abstained=abstained)
    assert found(archive) == ([Question("Notice?")] if is_known else [])


def test_the_evidence_goes_with_the_document_and_the_scope(archive: Archive) -> None:
    document = judged(archive, UP)
    assert found(archive, Scope()) == []
    with archive.database.write() as connection:
        delete_document(connection, document)
    assert found(archive) == []


def test_a_question_is_there_once_by_its_latest_turn(archive: Archive) -> None:
    judged(archive, Feedback("down", "incomplete"))
    judged(archive, UP)
    assert found(archive) == [Question("Notice?", "lease.pdf", 1, NOTICE)]


def test_a_follow_up_is_asked_as_it_was_searched(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    turn = archive.asked(archive.conversation(), "And that one?")
    answer = archive.quoting(NOTICE)
    assert answer.trace
    queries = ("And that one?", "What is the notice period?")
    archive.finished(turn, replace(answer, trace=replace(answer.trace, queries=queries)))
    with archive.database.write() as connection:
        give_feedback(connection, turn, UP)
    assert [each.question for each in found(archive)] == ["What is the notice period?"]


def test_the_lines_are_read_back(archive: Archive, tmp_path: Path) -> None:
    judged(archive, UP)
    path = tmp_path / "set.jsonl"
    path.write_text(question_lines(found(archive)), encoding="utf-8")
    assert read_questions(path) == found(archive)
