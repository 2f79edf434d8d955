"""Every error as problem+json (RFC 9457), with its HTTP status from one table.

Under /v1, where clients of OpenAI's API come in, errors have OpenAI's shape instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from itertools import islice

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from retrieval.errors import CloisterError
from serve.errors import Busy, InvalidRequest
from serve.openai_errors import is_openai_path, openai_response
from serve.schemas import FieldError, Problem

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 5
MOST_FIELD_ERRORS = 20

CHALLENGE = 'Bearer realm="cloister"'
"""What may be sent where a request is refused because nobody has signed in."""

STATUS = {
    # retrieval.errors
    "error": 500,
    "not_found": 404,
    "model_not_found": 404,
    "refused": 409,
    "collection_exists": 409,
    "data_folder_in_use": 409,
    "database_in_use": 409,
    "data_format_too_new": 409,
    "database_unusable": 503,
    "embedder_mismatch": 409,
    "embedder_unavailable": 503,
    "weights_changed": 503,
    "embedding_refused": 422,
    "embedding_invalid": 502,
    # ingest.errors
    "ingest_error": 422,
    "unsupported_format": 415,
    "password_needed": 422,
    "damaged_file": 422,
    "no_text_found": 422,
    "empty_file": 422,
    "too_large": 413,
    "too_much_text": 422,
    "too_many_pages": 422,
    "too_slow": 422,
    "too_much_memory": 422,
    "parser_died": 422,
    "disk_full": 507,
    "originals_unusable": 503,
    "closed_duplicate": 409,
    "cancelled": 409,
    "quarantined": 422,
    # serve
    "serve_error": 500,
    "invalid_request": 422,
    "bad_request": 400,
    "host_not_allowed": 400,
    "origin_not_allowed": 403,
    "method_not_allowed": 405,
    "upload_malformed": 400,
    "upload_stalled": 408,
    "body_stalled": 408,
    "too_many_files": 413,
    "range_not_satisfiable": 416,
    "llm_unavailable": 502,
    "llm_interrupted": 502,
    "llm_refused": 502,
    "llm_timeout": 504,
    "prompt_too_long": 502,
    "busy": 503,
    "llm_busy": 503,
    "too_many_questions": 429,
    "too_many_requests": 429,
    "guard_unavailable": 503,
    "withheld": 422,
    "question_withheld": 422,
    "answer_withheld": 422,
    "question_set_invalid": 422,
    "not_signed_in": 401,
    "sign_in_failed": 401,
    "not_allowed": 403,
    "key_not_allowed": 403,
    "csrf_failed": 403,
    "access_revoked": 403,
    "audit_unavailable": 503,
    "account_needed": 403,
    "account_exists": 403,
    "account_suspended": 403,
    "domain_refused": 403,
    "oidc_refused": 401,
    "oidc_unavailable": 502,
    "filled_by_provider": 409,
    "too_many_attempts": 429,
    "weak_password": 422,
    "link_invalid": 404,
    "name_taken": 409,
    "nothing_to_continue": 409,
    "last_administrator": 409,
    "quota_exceeded": 413,
    "person_quota_exceeded": 413,
    "collection_quota_exceeded": 413,
    "not_ready": 503,
    "server_unreachable": 502,
    "bind_refused": 500,
    "invalid_setting": 500,
    "internal_error": 500,
}
"""The HTTP status of each error code."""

_LATER = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Refusal(HTTPException):
    """A problem where a body is read, out of which nothing else comes as what it is."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.status, problem.detail, headers)
        self.problem = problem


def problem_of(error: CloisterError) -> Problem:
    """An error as it is told to clients."""
    problem = recorded_problem(error.code, error.message, error.advice)
    if isinstance(error, Busy):
        return problem.model_copy(update={"retry_after": error.retry_after})
    if isinstance(error, InvalidRequest):
        return problem.model_copy(update={"reason": error.reason or None})
    return problem


def recorded_problem(code: str, detail: str, advice: str = "") -> Problem:
    """An error known only by its code and message, as kept with a document."""
    status = STATUS.get(code, 500)
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        advice=advice or None,
        retry_after=RETRY_SECONDS if status in _LATER else None,
    )


def install_problems(app: FastAPI) -> None:
    """Have every error that an app expects answered as problem+json."""
    app.add_exception_handler(CloisterError, _on_cloister_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)


def problem_response(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem as the answer to a request."""
    filled = problem.model_copy(
        update={"instance": request.url.path, "request_id": request.scope.get("request_id")}
    )
    extra = dict(headers or {})
    if problem.status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = CHALLENGE
    if problem.retry_after is not None:
        extra["Retry-After"] = str(problem.retry_after)
    if is_openai_path(request.url.path):
        return openai_response(filled, extra)
    return JSONResponse(
        filled.model_dump(mode="json", exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=extra,
    )


async def _on_cloister_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CloisterError)
    return problem_response(request, problem_of(error))


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldError(field=".".join(str(part) for part in each["loc"]), message=str(each["msg"]))
        for each in islice(error.errors(), MOST_FIELD_ERRORS)
    ]
    problem = recorded_problem(
        "invalid_request", "; ".join(f"{each.field}: {each.message}" for each in errors)
    )
    return problem_response(request, problem.model_copy(update={"errors": errors}))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        return problem_response(request, error.problem, error.headers)
    code = _CODES.get(error.status_code, "invalid_request")
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path!r}."
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible at {request.url.path!r}."
    return problem_response(request, recorded_problem(code, detail), error.headers)
