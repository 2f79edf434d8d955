"""OpenAI's API: chat completions, streamed or whole."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from serve.gate import request_id_of
from serve.openai_door.asking import Asking, Order
from serve.openai_door.bodies import CitationChoice, CompletionBody
from serve.openai_door.completions import Completion
from serve.openai_door.messages import dialogue_of
from serve.openai_door.replies import whole_reply
from serve.openai_door.sources import CitationForm, choice_of, site_of
from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.sse import event_stream

router = APIRouter(prefix="/v1/chat", tags=["openai"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {}, "application/json": {}},
        "description": "Whole, or one chunk a line of data.",
    }
}


@router.post("/completions", response_class=Response, responses=STREAM)
async def complete(
    request: Request,
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    body: CompletionBody,
) -> Response:
    """Answer the last message of the user."""
    choice = choice_of(request, body.citations)
    order = Order(
        body.model,
        dialogue_of(body.messages),
        body.tokens,
        body.temperature,
        request_id_of(request),
    )
    model, events = await Asking(backend, engine, caller).opened(order, request)
    by_name: CitationChoice = "open-webui" if model.for_open_webui else "markdown"
    form = CitationForm(choice or by_name, site_of(request, backend.settings.public_host))
    usage = body.stream_options is not None and body.stream_options.include_usage
    completion = Completion(body.model, form, usage)
    if body.stream:
        return event_stream(completion.chunks(events))
    return await whole_reply(request, events, completion.whole)
