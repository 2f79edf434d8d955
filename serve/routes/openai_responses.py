"""OpenAI's API: responses, streamed or whole; none is kept."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from serve.gate import request_id_of
from serve.openai_door.asking import Asking, Order
from serve.openai_door.bodies import CitationChoice, ResponseBody
from serve.openai_door.messages import dialogue_of_input
from serve.openai_door.replies import whole_reply
from serve.openai_door.responses import ResponseForm
from serve.openai_door.sources import CitationForm, choice_of, site_of
from serve.routes.openai_chat import STREAM
from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.sse import event_stream

router = APIRouter(prefix="/v1/responses", tags=["openai"])


@router.post("", response_class=Response, responses=STREAM)
async def respond(
    request: Request,
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    body: ResponseBody,
) -> Response:
    """Answer the last message of the user, with citations as annotations unless told otherwise."""
    choice = choice_of(request, body.citations)
    order = Order(
        body.model,
        dialogue_of_input(body.input, body.instructions or ""),
        body.max_output_tokens,
        body.temperature,
        request_id_of(request),
    )
    model, events = await Asking(backend, engine, caller).opened(order, request)
    by_name: CitationChoice = "open-webui" if model.for_open_webui else "annotations"
    form = CitationForm(choice or by_name, site_of(request, backend.settings.public_host))
    response = ResponseForm(body.model, form, body.instructions)
    if body.stream:
        return event_stream(response.lines(events))
    return await whole_reply(request, events, response.whole)
