"""The OpenAPI document made whole: what can go wrong with each request, and examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import Field, TypeAdapter

from serve.answers.schemas import EVENT_SCHEMA, EventOut
from serve.authentication import CSRF_HEADER, OPEN_PATHS, PLAIN_COOKIE, SECURE_COOKIE
from serve.problems import MEDIA_TYPE
from serve.schemas import Problem

Json = dict[str, Any]

_ANY = (400, 401, 403, 422, 429, 500, 503)
_ANSWERING = (404, 409, 502)
_UPLOADING = (404, 409, 415, 507)
_MORE = {
    ("post", "/api/v1/documents"): _UPLOADING,
    ("post", "/v1/files"): _UPLOADING,
    ("get", "/api/v1/documents"): (404,),
    ("get", "/api/v1/documents/{document_id}/content"): (206, 304, 416),
    ("get", "/v1/files/{file_id}/content"): (206, 304, 416),
    ("post", "/api/v1/documents/{document_id}/retry"): (409,),
    ("post", "/api/v1/jobs/{job_id}/cancel"): (409,),
    ("post", "/api/v1/jobs/{job_id}/retry"): (409,),
    ("post", "/api/v1/collections"): (409,),
    ("patch", "/api/v1/collections/{collection_id}"): (409,),
    ("post", "/v1/vector_stores"): (404, 409),
    ("post", "/api/v1/search"): _ANSWERING,
    ("post", "/api/v1/chat"): _ANSWERING,
    ("post", "/api/v1/conversations/{conversation_id}/turns"): _ANSWERING,
    ("post", "/api/v1/turns/{turn_id}/regenerate"): _ANSWERING,
    ("post", "/api/v1/turns/{turn_id}/continue"): _ANSWERING,
    ("post", "/api/v1/turns/{turn_id}/edit"): _ANSWERING,
    ("post", "/v1/chat/completions"): _ANSWERING,
    ("post", "/v1/responses"): _ANSWERING,
    ("post", "/v1/embeddings"): _ANSWERING,
    ("post", "/v1/vector_stores/{store_id}/search"): _ANSWERING,
    ("post", "/v1/vector_stores/{store_id}/files"): (404, 409),
    ("get", "/metrics"): (404,),
    ("get", "/api/v1/suggestions"): (404,),
    ("post", "/api/v1/auth/links"): (404, 409),
    ("post", "/api/v1/auth/links/show"): (404,),
    ("post", "/api/v1/auth/logout"): (404,),
    ("get", "/api/v1/auth/oidc"): (404, 502),
    ("get", "/api/v1/auth/oidc/callback"): (404, 502),
    ("post", "/api/v1/auth/oidc/links"): (404, 502),
    ("get", "/api/v1/auth/oidc/logout"): (404, 502),
    ("put", "/api/v1/groups/{group_id}/members"): (409,),
    ("put", "/api/v1/auth/password"): (404,),
    ("post", "/api/v1/keys"): (404,),
    ("post", "/api/v1/people"): (409,),
    ("patch", "/api/v1/people/{person_id}"): (409,),
    ("delete", "/api/v1/people/{person_id}"): (409,),
    ("post", "/api/v1/groups"): (409,),
    ("patch", "/api/v1/groups/{group_id}"): (409,),
}
"""What a request may come to beside the statuses of all."""

_EXAMPLES: Json = {
    "SearchBody": {"query": "notice period", "collections": ["contracts"], "k": 5},
    "ChatBody": {"question": "How long is the notice period?", "collections": ["contracts"]},
    "CollectionBody": {"name": "contracts"},
    "CollectionPatch": {"name": "contracts 2026"},
    "ConversationBody": {"title": "Notice periods"},
    "ConversationPatch": {"title": "Notice periods"},
    "TurnBody": {"question": "And for managers?"},
    "AgainBody": {"trace": True},
    "EditBody": {"question": "And for apprentices?"},
    "FeedbackBody": {"value": "down", "reason": "wrong_source", "comment": "The 2019 version."},
    "Problem": {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No document 7.",
        "code": "not_found",
        "instance": "/api/v1/documents/7",
        "request_id": "5f0c3b6d8e7f4a1c9b2d",
    },
}

_OPENAI_DOOR = "/v1/"
_SAFE_METHODS = ("get", "head", "options")


_SECURITY_SCHEMES: Json = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, for programs."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE,
        "description": f"A browser's session, by TLS; without TLS the cookie is {PLAIN_COOKIE}.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The csrf_token of /api/v1/me, which a session's changes need.",
    },
}


def document_whole(app: FastAPI) -> None:
    """Have an app tell all statuses of its routes at /openapi.json."""

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _whole(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _whole(app: FastAPI) -> Json:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    schemas.update(_answer_events())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _tell_errors(operation["responses"], _statuses(method, path), path)
            operation["security"] = _security(method, path)
    document["components"]["securitySchemes"] = _SECURITY_SCHEMES
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, example in _EXAMPLES.items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    return document


def _answer_events() -> Json:
    """The events of an answer, told apart by their type, and what they are made of."""
    adapter = TypeAdapter[Any](Annotated[EventOut, Field(discriminator="type")])
    union = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    parts: Json = union.pop("$defs")
    return {**parts, EVENT_SCHEMA.rpartition("/")[2]: union}


def _security(method: str, path: str) -> list[Json]:
    """What a request brings: a key or a session, and with a session's change its token."""
    if path in OPEN_PATHS:
        return []
    session: Json = {"session": []}
    return [{"key": []}, session if method in _SAFE_METHODS else session | {"csrf": []}]


def _statuses(method: str, path: str) -> set[int]:
    found = {*_ANY, *_MORE.get((method, path), ())}
    if "{" in path:
        found.add(404)
    if method in {"post", "put", "patch"}:
        found |= {408, 413}
    return found


def _tell_errors(responses: Json, statuses: set[int], path: str) -> None:
    for vague in ("422", "4XX", "5XX"):
        responses.pop(vague, None)
    is_openai = path.startswith(_OPENAI_DOOR)
    name, kind = ("OpenAIError", "application/json") if is_openai else ("Problem", MEDIA_TYPE)
    for status in sorted(statuses):
        told: Json = {"description": HTTPStatus(status).phrase}
        if status >= HTTPStatus.BAD_REQUEST:
            told["content"] = {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        responses.setdefault(str(status), told)
