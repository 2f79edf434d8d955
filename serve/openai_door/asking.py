"""From what a program asks to the events that answer it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from retrieval.store import shared_model
from retrieval.types import Scope
from serve.answers.events import Event
from serve.answers.inquiry import Inquiry
from serve.answers.responses import begun, unbroken
from serve.backend import Backend
from serve.caller import Caller
from serve.openai_door.messages import Dialogue, checked_question
from serve.openai_door.models import DoorModel, model_named
from serve.openai_door.plain import PlainRequest, plain_answer, told
from serve.openai_door.tasks import chore_done
from serve.searching import Engine


@dataclass(frozen=True, slots=True)
class Order:
    """What a program asks of which model; tokens and temperature count without documents only."""

    model: str
    dialogue: Dialogue
    tokens: int | None = None
    temperature: float | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """Answers for a person by one engine."""

    backend: Backend
    engine: Engine
    caller: Caller

    async def opened(
        self, order: Order, request: Request
    ) -> tuple[DoorModel, AsyncGenerator[Event, None]]:
        """The model of an order and the events that answer it, of which the first is there.

        Raises:
            ModelNotFound: There is none that the person may know of.
            InvalidRequest: The question is too long.
            TooManyQuestions: Too many wait for the model.
        """
        model, inquiry = await run_in_threadpool(self._chosen, order)
        events = await begun(self._answered(order, inquiry))
        return model, unbroken(events, request, lambda failed: failed)

    def _chosen(self, order: Order) -> tuple[DoorModel, Inquiry | None]:
        """The model, and what is asked of its documents; None if nothing is."""
        has_llm = self.backend.model is not None
        with self.backend.database.read() as connection:
            model = model_named(connection, self.caller, order.model, plain=has_llm)
            if model.kind == "plain" or order.dialogue.is_task:
                return model, None
            question = checked_question(order.dialogue)
            scope = model.scope(connection, self.caller)
            llm = shared_model(connection, scope)
        inquiry = Inquiry(
            question,
            scope,
            past=order.dialogue.past,
            model=llm,
            request_id=order.request_id,
            asker=self.caller.person_id,
        )
        return model, inquiry

    def _answered(self, order: Order, inquiry: Inquiry | None) -> AsyncGenerator[Event, None]:
        if inquiry is not None:
            return self.engine.answer(inquiry)
        of_nothing = Inquiry(
            order.dialogue.question,
            Scope(),
            request_id=order.request_id,
            asker=self.caller.person_id,
        )
        return self.engine.looked_after(self._without_documents(order), of_nothing)

    def _without_documents(self, order: Order) -> AsyncGenerator[Event, None]:
        model, dialogue = self.backend.model, order.dialogue
        writes = model is not None and model.watched.capabilities.writes
        if model is None or (dialogue.is_task and not writes):
            return told(dialogue.question, chore_done(dialogue.question))
        request = PlainRequest(
            dialogue.prompt,
            order.tokens,
            order.temperature,
            order.request_id,
            self.caller.person_id,
        )
        return plain_answer(model, request, self.backend.settings.llm_answer_tokens)
