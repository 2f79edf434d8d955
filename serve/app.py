"""The composition root: from settings to the application that answers over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from serve.answers.served_model import watching
from serve.authentication import Authentication
from serve.backend import running_backend
from serve.conversations.recorder import recording
from serve.gate import Gate
from serve.mcp_door.door import mcp_door
from serve.metrics import Metrics
from serve.openapi import document_whole
from serve.problems import install_problems
from serve.request_rate import RequestRate
from serve.request_turns import RequestTurns
from serve.routes import (
    audit,
    auth,
    chat,
    collections,
    conversations,
    documents,
    feedback,
    health,
    jobs,
    keys,
    limits,
    mcp,
    metrics,
    oidc,
    openai,
    own_data,
    pages,
    people,
    quotas,
    reference,
    rights,
    samples,
    search,
    sessions,
    suggestions,
    turns,
    web,
)
from serve.settings import Settings
from serve.tracing import configured_export, exporting, sink_of
from serve.turn_taking import TurnTaking
from serve.version import program_version

log = logging.getLogger(__name__)

_SILENT = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
_ROUTES = (
    health,
    documents,
    limits,
    samples,
    pages,
    collections,
    jobs,
    search,
    suggestions,
    chat,
    conversations,
    turns,
    feedback,
    mcp,
    metrics,
    reference,
    auth,
    oidc,
    people,
    sessions,
    own_data,
    keys,
    quotas,
    rights,
    audit,
    openai,
    web,
)


def create_app(
    settings: Settings, url: str = "", when_refused: Callable[[], None] = lambda: None
) -> FastAPI:
    """The whole application; nothing is opened before its lifespan begins.

    ``url`` is where it listens, for other processes to find it; ``when_refused`` is called if it
    finds out later that it must not run.
    """
    counted = Metrics()
    export = configured_export(settings, counted.count_spans)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        address = url or f"http://{settings.host}:{settings.port}"
        with running_backend(settings, address, when_refused, counted.answers) as backend:
            app.state.backend, app.state.metrics = backend, counted
            model = backend.model.watched if backend.model else None
            guard = backend.guard.watched if backend.guard else None
            with exporting(export):
                async with watching(model), watching(guard), recording() as recorders:
                    app.state.recorders = recorders
                    async with mcp_door(program_version()) as door:
                        app.state.mcp = door
                        yield

    app = FastAPI(
        title="Cloister",
        summary="Answers from your own documents, with citations that can be checked.",
        version=program_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        # FastAPI's own spans hold query strings and messages of errors.
        telemetry=_SILENT,
    )
    for routes in _ROUTES:
        app.include_router(routes.router)
    document_whole(app)
    install_problems(app)
    of_people = RequestTurns(settings.requests_per_person, settings.requests_queue)
    taking = TurnTaking(of_people, RequestRate(settings.requests_per_minute))
    counted.look_up_waiting(lambda: taking.waiting)
    app.add_middleware(Authentication, turns=taking)
    app.add_middleware(
        Gate, public_host=settings.public_host, count=counted.count, sink=sink_of(export)
    )
    return app
