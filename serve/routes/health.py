"""Whether the server lives, is ready, and what it holds."""

from __future__ import annotations

import os
import sqlite3
from typing import TypeVar

from fastapi import APIRouter

from ingest.jobs import count_active
from retrieval.store import current_seq, totals
from serve.backend import Backend
from serve.errors import NotReady
from serve.health_details import health_details
from serve.health_schemas import HealthDetails
from serve.routes.parts import BackendPart, CallerPart
from serve.schemas import EmbedderOut, GuardOut, Health, LLMOut, StatusOut
from serve.scope import check_administrator, whole_scope
from serve.shapes import guard_out, llm_out
from serve.version import program_version

router = APIRouter(tags=["health"])

_ModelOut = TypeVar("_ModelOut", LLMOut, GuardOut)


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(backend: BackendPart) -> Health:
    """Questions are answered without waiting."""
    if backend.searching.ready is None:
        raise backend.searching.refusal or NotReady(
            "The embedder is still loading. " + backend.searching.trouble
        )
    return Health(status="ok")


@router.get("/api/v1/status")
def status(backend: BackendPart, caller: CallerPart) -> StatusOut:
    """What the server holds for the caller; how far it is and where, only for administrators."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        held = totals(connection, scope)
        active = count_active(connection, scope)
    engine = backend.searching.ready
    told = StatusOut(
        version=program_version(),
        pid=0,
        ready=engine is not None,
        trouble="",
        data_folder="",
        data_bytes=0,
        database="",
        sqlite_version=sqlite3.sqlite_version if backend.database.is_sqlite else None,
        collections=held.collections,
        documents=held.documents,
        chunks=held.chunks,
        active_jobs=active,
        workers=backend.settings.workers,
        seq=0,
        index_seq=0,
        embedder=EmbedderOut.model_validate(engine.embedder.model) if engine else None,
        llm=_without_place(llm_out(backend.model)) if backend.model else None,
        guard=_without_place(guard_out(backend.guard)) if backend.guard else None,
    )
    return told.model_copy(update=_machine(backend)) if caller.is_administrator else told


@router.get("/api/v1/health/details")
def details(backend: BackendPart, caller: CallerPart) -> HealthDetails:
    """How the machine and the queue are, and whether anything leads out; for administrators."""
    check_administrator(caller)
    return health_details(backend)


def _machine(backend: Backend) -> dict[str, object]:
    """What only administrators are told: where things are, and how much goes on for all people."""
    with backend.database.read() as connection:
        seq = current_seq(connection)
    return {
        "pid": os.getpid(),
        "trouble": backend.searching.trouble,
        "data_folder": str(backend.folder.path),
        "data_bytes": backend.folder.size_bytes(),
        "database": backend.database.url.render_as_string(hide_password=True),
        "seq": seq,
        "index_seq": backend.searching.seq,
        "llm": llm_out(backend.model) if backend.model else None,
        "guard": guard_out(backend.guard) if backend.guard else None,
    }


def _without_place(told: _ModelOut) -> _ModelOut:
    return told.model_copy(update={"url": "", "trouble": ""})
