from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from retrieval.errors import CloisterError
from serve.answers.events import Degraded, Queued
from serve.answers.llm import Assignment, Report
from serve.answers.writers import Piece, Writers
from serve.errors import LLMBusy, LLMInterrupted, LLMRefused, LLMUnavailable, TooManyQuestions
from serve.inference.admission import Admission
from tests.fixtures.scripted_writer import ScriptedWriter
from tests.serve.test_prompt import assignment, source

ASKED = assignment("Why?", [source(1)])


class FailingLLM:
    """Writes some pieces each time, then raises the next of its errors, until it has no more."""

    name = "failing"

    def __init__(self, pieces: Sequence[str], *errors: CloisterError) -> None:
        self._pieces = pieces
        self._errors = list(errors)

    async def write(self, assignment: Assignment) -> AsyncGenerator[str | Report, None]:
        for piece in self._pieces:
            yield piece
        if self._errors:
            raise self._errors.pop(0)


def pieces_of(writers: Writers) -> list[Piece]:
    async def all_pieces() -> list[Piece]:
        with writers.ticket() as ticket:
            return [piece async for piece in writers.write(ASKED, ticket)]

    return asyncio.run(all_pieces())


STAND_IN = ScriptedWriter(lambda _: ["From the documents."])


@pytest.mark.parametrize("error", [LLMUnavailable("down"), LLMRefused("no"), LLMInterrupted("cut")])
def test_the_stand_in_writes_where_the_model_cannot_begin(error: LLMUnavailable) -> None:
    writers = Writers(FailingLLM([], error), STAND_IN)
    assert pieces_of(writers) == [Degraded(error.code, error.message), "From the documents."]


def test_what_has_begun_is_not_begun_again() -> None:
    with pytest.raises(LLMInterrupted):
        pieces_of(Writers(FailingLLM(["One"], LLMInterrupted("cut")), STAND_IN))


def test_without_a_stand_in_the_error_is_told() -> None:
    with pytest.raises(LLMUnavailable):
        pieces_of(Writers(FailingLLM([], LLMUnavailable("down"))))


def test_a_busy_server_is_asked_again_and_in_the_end_named_busy() -> None:
    def busy() -> LLMBusy:
        return LLMBusy("busy", retry_after=0)

    assert pieces_of(Writers(FailingLLM([], busy(), busy()))) == []
    with pytest.raises(LLMBusy):
        pieces_of(Writers(FailingLLM([], busy(), busy(), busy()), STAND_IN))


def test_the_place_in_the_queue_is_told_until_it_is_our_turn() -> None:
    async def two_at_a_time() -> list[Piece]:
        writers = Writers(STAND_IN, admission=Admission(streams=1, queue=1))
        first = writers.admission.ticket() if writers.admission else None
        assert first is not None
        with writers.ticket() as second:
            with pytest.raises(TooManyQuestions) as refusal:
                writers.ticket()
            assert refusal.value.retry_after > 0
            asyncio.get_running_loop().call_later(0.05, first.release)
            return [piece async for piece in writers.write(ASKED, second)]

    assert asyncio.run(two_at_a_time()) == [Queued(1), "From the documents."]
