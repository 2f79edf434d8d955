"""A question in a conversation: from what was asked to an answer that is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from retrieval.database import Database
from retrieval.store import shared_model
from serve.answers.events import Event, Started
from serve.answers.inquiry import Inquiry
from serve.caller import Caller
from serve.conversations.continuing import begun_sources
from serve.conversations.past_turns import first_free_number, past_turns
from serve.conversations.recorder import Record, Recorders
from serve.conversations.turns import NewTurn, begin_turn
from serve.request_turns import own_turn
from serve.scope import scope_of
from serve.searching import Engine


@dataclass(frozen=True, slots=True)
class StartedTurn(Started):
    """The question is accepted, as this turn of this conversation."""

    conversation_id: int
    turn_id: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What is needed to have a question answered and the answer stored."""

    database: Database
    engine: Engine
    recorders: Recorders
    caller: Caller
    request_id: str = ""

    async def answered(
        self, chosen: Callable[[Connection], NewTurn]
    ) -> tuple[StartedTurn, AsyncGenerator[Event, None]]:
        """The turn of a question, and the events of its answer from ``StartedTurn`` on.

        Raises:
            NotFound: The conversation, the turn before it, or what is asked is gone.
            TooManyQuestions: Too many wait for the model; nothing is written down.
        """
        new, inquiry = await asyncio.to_thread(self._inquiry, chosen)
        answer = self.engine.answer(inquiry)
        # It accepts the question with its first event.
        await anext(answer)
        try:
            async with own_turn():
                turn_id = await asyncio.to_thread(self._begun, new)
        except BaseException:
            await answer.aclose()
            raise
        started = StartedTurn(new.question, new.conversation_id, turn_id)
        record = Record(self.database, turn_id, inquiry.past)
        return started, self.recorders.start(record, _begun_with(started, answer)).events()

    def _inquiry(self, chosen: Callable[[Connection], NewTurn]) -> tuple[NewTurn, Inquiry]:
        with self.database.read() as connection:
            new = chosen(connection)
            asked = new.asked
            scope = scope_of(connection, self.caller, asked.collections, asked.documents)
            place = (connection, self.caller, new.conversation_id)
            begun = begun_sources(connection, asked.continues, scope)
            inquiry = Inquiry(
                question=new.question,
                scope=scope,
                k=asked.k,
                past=past_turns(*place, new.parent_id, scope, begun),
                first_free=first_free_number(*place, asked.continues or new.parent_id),
                begun=new.begun,
                begun_sources=begun,
                language=asked.language,
                model=shared_model(connection, scope),
                request_id=self.request_id,
                asker=self.caller.person_id,
            )
        return new, inquiry

    def _begun(self, new: NewTurn) -> int:
        with self.database.write() as connection:
            return begin_turn(connection, self.caller, new)


async def _begun_with(
    started: Started, answer: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    try:
        yield started
        async for event in answer:
            yield event
    finally:
        await answer.aclose()
