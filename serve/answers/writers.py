"""Who writes answers, and who stands in where the model cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass

from serve.answers.events import Degraded, Queued
from serve.answers.llm import LLM, Assignment, Report
from serve.errors import LLMBusy, LLMUnavailable
from serve.inference.admission import Admission, Ticket

_BUSY_TRIES = 3
_LONGEST_PAUSE = 10

Piece = str | Report | Queued | Degraded


@dataclass(frozen=True, slots=True)
class Writers:
    """An LLM, its stand-in if it has one, and the queue in front of it if there is one."""

    llm: LLM
    stand_in: LLM | None = None
    admission: Admission | None = None

    def ticket(self, asker: int | None = None) -> AbstractContextManager[Ticket | None]:
        """A person's right to have something written, to be given back.

        Raises:
            TooManyQuestions: Too many wait already.
        """
        return self.admission.ticket(asker) if self.admission else nullcontext()

    async def write(
        self, assignment: Assignment, ticket: Ticket | None
    ) -> AsyncGenerator[Piece, None]:
        """The answer in pieces, when it is the ticket's turn; where the LLM cannot begin, the
        stand-in's.

        Raises:
            LLMBusy: The inference server refused several times.
            LLMInterrupted: The answer broke off after it began.
        """
        if ticket is not None:
            async for place in ticket.places():
                yield Queued(place)
        has_begun = False
        try:
            async with aclosing(self._insisting(assignment)) as pieces:
                async for piece in pieces:
                    has_begun = True
                    yield piece
        except LLMUnavailable as error:
            if has_begun or self.stand_in is None:
                raise
            yield Degraded(error.code, error.message)
            if assignment.begun:
                # It writes an answer of its own.
                yield "\n\n"
            async with aclosing(self.stand_in.write(assignment)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _insisting(self, assignment: Assignment) -> AsyncGenerator[str | Report, None]:
        """What the LLM writes, asked again after a while if its server is busy."""
        for attempt in range(1, _BUSY_TRIES + 1):
            try:
                async with aclosing(self.llm.write(assignment)) as pieces:
                    async for piece in pieces:
                        yield piece
            except LLMBusy as busy:
                if attempt == _BUSY_TRIES:
                    raise
                await asyncio.sleep(min(busy.retry_after, _LONGEST_PAUSE))
            else:
                return
