"""A whole answer as the reply to a request, whichever of the APIs asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from serve.answers.events import Event, Failed
from serve.answers.responses import unless_gone
from serve.answers.shapes import failure_problem
from serve.gate import CLIENT_IS_GONE
from serve.openai_door.transcript import Transcript
from serve.problems import problem_response


async def whole_reply(
    request: Request,
    events: AsyncGenerator[Event, None],
    whole: Callable[[Transcript], dict[str, Any]],
) -> Response:
    """The answer in the form that ``whole`` gives it, or the error by which it failed."""
    transcript = await unless_gone(request, transcribed(events))
    if transcript is None:
        return Response(status_code=CLIENT_IS_GONE)
    if transcript.failed is not None:
        return problem_response(request, failure_problem(transcript.failed))
    return JSONResponse(whole(transcript))


async def transcribed(events: AsyncIterator[Event]) -> Transcript:
    """All of an answer."""
    transcript = Transcript()
    async for event in events:
        transcript.take(event)
    if transcript.done is None and transcript.failed is None:
        transcript.failed = Failed("internal_error", "The answer broke off.")
    return transcript
