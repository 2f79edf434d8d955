"""Errors in the shape that clients of OpenAI's API read, for everything under /v1."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from serve.schemas import Problem, Wire

PREFIX = "/v1/"

_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
_TOO_LONG = "prompt_too_long"


class ErrorDetail(Wire):
    """What went wrong; ``code`` is one of ours and stable."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(Wire):
    """An error as clients of OpenAI's API read it."""

    error: ErrorDetail


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": OpenAIError, "description": "The request cannot be carried out."},
    "5XX": {"model": OpenAIError, "description": "It can, but not just now."},
}


def is_openai_path(path: str) -> bool:
    """Whether what is at a path speaks OpenAI's API."""
    return path.startswith(PREFIX)


def openai_status(problem: Problem) -> int:
    """The HTTP status of a problem as OpenAI has it, where every bad request is a 400."""
    if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY or problem.code == _TOO_LONG:
        return HTTPStatus.BAD_REQUEST
    return problem.status


def openai_error(problem: Problem) -> dict[str, Any]:
    """The body of an answer that tells a problem."""
    status = openai_status(problem)
    kind = _TYPES.get(HTTPStatus(status))
    if kind is None:
        kind = (
            "server_error"
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR
            else "invalid_request_error"
        )
    field = problem.errors[0].field.removeprefix("body.") if problem.errors else None
    message = f"{problem.detail} {problem.advice}" if problem.advice else problem.detail
    code = "context_length_exceeded" if problem.code == _TOO_LONG else problem.code
    return {"error": {"message": message, "type": kind, "param": field, "code": code}}


def openai_response(problem: Problem, headers: Mapping[str, str]) -> JSONResponse:
    """A problem as the answer to a request."""
    status = openai_status(problem)
    # Clients try conflicts again, unless they are told that it is of no use.
    more = {"X-Should-Retry": "false"} if status == HTTPStatus.CONFLICT else {}
    return JSONResponse(openai_error(problem), status, {**headers, **more})
